/** The entry point `mayfly-client/node`: files on disk, for Node, Deno and Bun. */

export { fileAt, filesAt } from './files.ts'
export { safePath } from './safe-path.ts'
export { type SavedFile, type SaveOptions, saveFile } from './save-file.ts'
