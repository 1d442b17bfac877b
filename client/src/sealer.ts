import { HEAD_BYTES } from './age-layout.ts'
import { toBase64Url } from './base64.ts'
import type { Connection } from './connection.ts'
import type { ListedFile } from './manifest.ts'
import { type SizedSource, type Source, streamOf, streamSource } from './source.ts'
import type { FileState, StateKeeper } from './upload-state.ts'

/** Encrypts files for sending, and adds each to the manifest before the server has all of it. */

export type Sealer = Awaited<ReturnType<typeof createSealer>>

/** For an upload whose state contains a key. */
export async function createSealer(connection: Connection, keeper: StateKeeper, signal: AbortSignal | undefined) {
  const encryption = await import('./encryption.ts')
  const manifests = await import('./manifest.ts')
  const { createManifestWriter } = await import('./manifest-writer.ts')
  const { server, uploadId = '', token = '', key = '', e2ee } = keeper.state
  const changeManifest = createManifestWriter(connection, { server, uploadId, token, key, e2ee, signal })

  async function list(state: FileState, listed: ListedFile): Promise<void> {
    if (state.isListed) return
    await changeManifest((files) => manifests.withListed(files, [listed]))
    await keeper.change(() => {
      state.isListed = true
    })
  }

  /** The header is stored before anything is sent: it must not be used for different bytes. */
  async function sealFile(plain: SizedSource, state: FileState): Promise<Source> {
    const { source, head } = await encryption.sealFile(plain, key, state.head)
    await keeper.change(() => {
      state.head = head
    })
    await list(state, manifests.listedFile(state.sentName, head, plain.size))
    return source
  }

  /** The size of a stream is known only at its end, so it is listed before its last bytes are sent. */
  async function sealStream(plain: Source, state: FileState): Promise<Source> {
    const sealed = streamSource(await encryption.sealStream(streamOf(plain), key))
    const head = new Uint8Array(await (await sealed.slice(0, HEAD_BYTES)).arrayBuffer())
    return {
      get size() {
        return sealed.size
      },
      async slice(start, end) {
        const piece = await sealed.slice(start, end)
        if (sealed.size !== undefined)
          await list(state, manifests.listedFile(state.sentName, toBase64Url(head), plain.size as number))
        return piece
      },
    }
  }

  return { sealName: (name: string) => encryption.sealName(name, key), sealFile, sealStream }
}
