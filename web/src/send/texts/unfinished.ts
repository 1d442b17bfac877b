import { plural, texts } from '../../lib/language.ts'

/** Unfinished uploads of an earlier visit. */
export const unfinishedTexts = texts(
  {
    unfinishedTitle: 'An upload was interrupted',
    unfinishedText: 'Choose the same files again to resume it.',
    unfinishedChoose: 'Choose files again',
    unfinishedOther: 'These files don’t match the list. Choose the folder that contains them.',
    stillToChoose: (count: number) => `Still to choose: ${plural(count, 'file', 'files')}`,
    giveUp: 'Discard',
    giveUpNew: 'Discard this upload? Everything already sent is deleted from the server, including complete files.',
    giveUpShared: 'Discard these files? Partly sent files are deleted from the server. Complete files stay.',
    unfinishedFiles: 'Files to choose again',
    elsewhereTitle: (count: number) => `${plural(count, 'file is', 'files are')} being sent in another tab`,
    elsewhereText: 'Keep that tab open. If it closes, you can continue from here.',
  },
  {
    unfinishedTitle: '有上传被中断',
    unfinishedText: '再次选择相同的文件，即可从中断处继续。',
    unfinishedChoose: '再次选择',
    unfinishedOther: '这不是列表中的文件，或者无法分辨是其中哪一个；若是后者，请选择它们所在的文件夹。',
    stillToChoose: (count: number) => `还有 ${count} 个文件需要再次选择`,
    giveUp: '放弃',
    giveUpNew: '放弃此上传？服务器上已有的部分也会删除，包括已完整送达的文件。',
    giveUpShared: '放弃这些文件？服务器会删除已收到的部分，已送达的文件会保留。',
    unfinishedFiles: '需要再次选择的文件',
    elsewhereTitle: (count: number) => `另一个标签页正在发送 ${count} 个文件`,
    elsewhereText: '请保持该标签页打开。万一关闭，可以在这里继续。',
  },
)
