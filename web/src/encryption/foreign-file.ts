/** What the server hands out is not the file that the sender listed. */
export class ForeignFileError extends Error {}
