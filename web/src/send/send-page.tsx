import { computed, effect, signal } from '@preact/signals'
import { serverConfig, serverUrl } from '../lib/api.ts'
import { Objection } from '../lib/error-text.ts'
import { formatBytes, formatNumber } from '../lib/format.ts'
import { keepOpen } from '../lib/keep-open.ts'
import { href } from '../lib/router.ts'
import { myConfig } from '../lib/session.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { visibleName } from '../lib/visible-name.ts'
import { CopyField } from '../ui/copy-field.tsx'
import { ErrorMessage } from '../ui/error-message.tsx'
import { Icon } from '../ui/icon.tsx'
import { lazy } from '../ui/lazy.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageTitle } from '../ui/page-title.tsx'
import { type ChosenFile, joined, writtenText } from './chosen-files.ts'
import { ChooseButton, HAS_MOUSE, useDropAndPaste } from './drop-zone.tsx'
import { defaultOptions, isOffered, type SendOptions } from './options.ts'
import { OptionsPanel } from './options-panel.tsx'
import { keepsRecent, recent } from './recent.ts'
import { type Sending, send, sendings, type TakenBack } from './sending.ts'
import { stage, staged } from './staged.ts'
import { TextDialog } from './text-dialog.tsx'
import { sendTexts } from './texts/send.ts'
import { unfinished } from './unfinished.ts'

/** The chosen files. They are kept while the user visits other pages. */
const files = signal<ChosenFile[]>([])
const hasFiles = computed(() => files.value.length > 0)
effect(() => (hasFiles.value ? keepOpen() : undefined))

const choices = signal<Partial<SendOptions>>({})
/** What is wrong with it. */
const problem = signal<unknown>(undefined)
const isPreparing = signal(false)
/** A text that is not added yet. */
const draft = signal('')
const isWriting = signal(false)

const ChosenList = lazy(async () => (await import('./chosen-list.tsx')).ChosenList)
const SendingPanel = lazy(async () => (await import('./sending-panel.tsx')).SendingPanel)
const StagedFiles = lazy(async () => (await import('./staged-files.tsx')).StagedFiles)
const RecentUploads = lazy(async () => (await import('./recent-uploads.tsx')).RecentUploads)
const UnfinishedUploads = lazy(async () => (await import('./unfinished-uploads.tsx')).UnfinishedUploads)

export function SendPage() {
  return sendings.value.length === 0 ? <Compose /> : <Sendings all={sendings.value} />
}

function Sendings({ all }: { all: Sending[] }) {
  useDropAndPaste({ onFiles: stageForOnly })
  const asked = staged.value
  return (
    <>
      {all.map((sending) => (
        <SendingPanel key={sending.upload.id} sending={sending} onTakenBack={composeAgain} />
      ))}
      {asked && all.some(({ upload }) => upload.id === asked.upload.id) && <StagedFiles {...asked} />}
    </>
  )
}

/** Adds dropped files to the upload that is being sent, unless there are several, or it can't take more files. */
function stageForOnly(files: ChosenFile[]): void {
  const [only, ...others] = sendings.value
  if (only && others.length === 0 && !only.upload.stream) stage({ ...only, files })
}

function Compose() {
  const t = sendTexts.value
  const isOver = useDropAndPaste({
    onFiles: addFiles,
    onText: (text) => {
      draft.value = [draft.value, text].filter(Boolean).join('\n')
      isWriting.value = true
    },
  })
  const isEmpty = !hasFiles.value
  return (
    <>
      {isEmpty && unfinished.value.length > 0 && <UnfinishedUploads />}
      {isEmpty && (
        <div class="hero">
          <PageTitle>{t.title}</PageTitle>
          <p class="quiet">{t.lead}</p>
        </div>
      )}
      <form class={`card compose ${isOver.value ? 'over' : ''}`} onSubmit={(event) => void submit(event)}>
        {isEmpty ? <EmptyZone isOver={isOver.value} /> : <Chosen />}
        {problem.value !== undefined && <Notice tone="bad" title={<ErrorMessage error={problem.value} />} />}
        <Options />
        {!isEmpty && <SendButton />}
      </form>
      {isEmpty && (
        <div class="terminal">
          <CopyField label={t.fromTerminal} text={`curl -F 'file=@photo.jpg' ${serverUrl('')}`} isCommand />
        </div>
      )}
      {isEmpty && serverConfig.value?.feature_requests !== 'disabled' && (
        <div class="buttons">
          <a class="button plain" href={href('/ask')}>
            <Icon name="person" />
            {commonTexts.value.askForFiles}
          </a>
        </div>
      )}
      {isEmpty && (recent.value.length > 0 || !keepsRecent.value) && <RecentUploads />}
      {isWriting.value && <TextDialog written={draft} onAdd={addText} onClose={stopWriting} />}
    </>
  )
}

function EmptyZone({ isOver }: { isOver: boolean }) {
  const t = sendTexts.value
  const limit = myConfig.value?.maxFileSize ?? -1
  return (
    <div class="drop">
      <span class="drop-mark">
        <Icon name="upload" size={28} />
      </span>
      <p class="drop-title">{isOver ? t.dropNow : HAS_MOUSE ? t.drop : t.tap}</p>
      <p class="quiet">{dropHint(limit)}</p>
      <div class="buttons">
        <ChooseButton label={t.choose} onFiles={addFiles} isPrimary />
        <ChooseButton label={t.chooseFolder} onFiles={addFiles} isFolder />
        <TextButton />
      </div>
    </div>
  )
}

function dropHint(limit: number): string {
  const t = sendTexts.value
  if (!HAS_MOUSE) return limit > 0 ? t.tapHint(formatBytes(limit)) : ''
  return limit > 0 ? t.dropHint(formatBytes(limit)) : t.dropHintNoLimit
}

function TextButton() {
  if (!isOffered(serverConfig.value?.feature_text ?? 'disabled')) return null
  return (
    <button
      type="button"
      class="plain"
      onClick={() => {
        isWriting.value = true
      }}
    >
      <Icon name="text" />
      {sendTexts.value.writeText}
    </button>
  )
}

function Chosen() {
  const t = sendTexts.value
  return (
    <>
      <PageTitle>{t.chosenTitle}</PageTitle>
      <ChosenList files={files.value} onRemove={removeFile} />
      <div class="buttons start">
        <ChooseButton label={t.addMore} onFiles={addFiles} />
        <ChooseButton label={t.chooseFolder} onFiles={addFiles} isFolder />
        <TextButton />
      </div>
    </>
  )
}

function Options() {
  const config = myConfig.value
  if (!config) return null
  return (
    <OptionsPanel
      options={{ ...defaultOptions(config), ...choices.value }}
      config={config}
      onChange={(change) => {
        choices.value = { ...choices.value, ...change }
      }}
    />
  )
}

function SendButton() {
  const t = sendTexts.value
  const total = files.value.reduce((sum, { bytes }) => sum + bytes.size, 0)
  return (
    <button type="submit" class="primary large" disabled={isPreparing.value}>
      <Icon name="upload" />
      {isPreparing.value ? t.preparing : `${t.send(files.value.length)} · ${formatBytes(total)}`}
    </button>
  )
}

/** The same files with the same options, for a new link. */
function composeAgain({ files: taken, options }: TakenBack): void {
  choices.value = options
  addFiles(taken)
}

/** Takes what the server would take, and says what it would not. */
function addFiles(added: ChosenFile[]): void {
  const t = sendTexts.value
  const { maxFileSize = -1, maxFilePerUpload = 1 } = myConfig.value ?? {}
  const tooLarge = added.find(({ bytes }) => maxFileSize > 0 && bytes.size > maxFileSize)
  const fitting = added.filter(({ bytes }) => maxFileSize <= 0 || bytes.size <= maxFileSize)
  const all = joined(files.value, fitting)
  files.value = all.slice(0, maxFilePerUpload)
  const refused =
    added.length === 0
      ? t.noFiles
      : tooLarge
        ? t.tooLarge(visibleName(tooLarge.path), formatBytes(maxFileSize))
        : all.length > maxFilePerUpload
          ? t.tooMany(formatNumber(maxFilePerUpload))
          : undefined
  problem.value = refused && new Objection(refused)
}

function removeFile(key: string): void {
  files.value = files.value.filter((file) => file.key !== key)
  problem.value = undefined
}

function addText(): void {
  addFiles([writtenText(draft.value, new Date())])
  draft.value = ''
  stopWriting()
}

function stopWriting(): void {
  isWriting.value = false
}

async function submit(event: Event): Promise<void> {
  event.preventDefault()
  const config = myConfig.value
  if (!config) return
  isPreparing.value = true
  void SendingPanel.load()
  problem.value = undefined
  try {
    await send(files.value, { ...defaultOptions(config), ...choices.value })
    files.value = []
    choices.value = {}
  } catch (error) {
    problem.value = error
  } finally {
    isPreparing.value = false
  }
}
