import type { Topic } from './kinds.ts'

/** Errors of downloads, archives and streams. */
export const DOWNLOAD_ERRORS = {
  file_being_downloaded: ['locked', 'this file is being downloaded by someone else and may be gone afterwards'],
  no_preview: [
    'not_acceptable',
    'this link can be opened only a limited number of times, so there is no preview of it',
  ],
  file_coming_in: ['unavailable', 'the file is still being uploaded, please try again'],
  precondition_failed: ['precondition_failed', 'the file is not the requested version'],
  file_lost: ['lost', 'the server has lost the data of this file, so it can no longer be downloaded'],
  archive_files_lost: [
    'lost',
    'the server has lost the bytes of {count} of the files; add ?rest=true to the address for an archive of the others',
  ],
  archive_lost: ['lost', 'the server has lost the bytes of all these files'],
  range_outside_file: ['range_not_satisfiable', 'the range lies outside the {size} bytes'],
  reader_gone: ['aborted', 'the reader disconnected'],
  archive_of_stream: ['bad_request', 'archive feature is not available in stream mode'],
  archive_empty: ['bad_request', 'nothing to archive'],
  archive_name_invalid: ['bad_request', 'invalid archive name, missing .zip extension'],
  archive_name_too_long: ['bad_request', 'invalid archive name too long, maximum {max} characters'],
  stream_without_reader: ['aborted', 'nobody downloaded the stream in time'],
  stream_reader_gone: ['aborted', 'the downloader disconnected before the end'],
  sender_gone: ['aborted', 'the sender disconnected'],
  stream_cancelled: ['aborted', 'the stream was cancelled'],
  stream_server_unavailable: ['unavailable', 'the server with the sender of this stream does not respond'],
} as const satisfies Topic
