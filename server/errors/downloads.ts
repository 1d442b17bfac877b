import type { Topic } from './kinds.ts'

/** Downloads, archives and streams. */
export const DOWNLOAD_ERRORS = {
  file_being_downloaded: ['locked', 'this file is being downloaded by someone else and may be gone afterwards'],
  no_preview: [
    'not_acceptable',
    'this link can be opened only a limited number of times, so there is no preview of it',
  ],
  file_coming_in: ['unavailable', 'the file is still coming in, please ask again'],
  precondition_failed: ['precondition_failed', 'the file is not the one that was asked for'],
  file_lost: ['lost', 'the server has lost the bytes of this file, so it can not be downloaded any more'],
  archive_files_lost: [
    'lost',
    'the server has lost the bytes of {count} of the files; add ?rest=true to the address for an archive of the others',
  ],
  archive_lost: ['lost', 'the server has lost the bytes of all these files'],
  range_outside_file: ['range_not_satisfiable', 'the range lies outside the {size} bytes'],
  reader_gone: ['aborted', 'the reader went away'],
  archive_of_stream: ['bad_request', 'archive feature is not available in stream mode'],
  archive_empty: ['bad_request', 'nothing to archive'],
  archive_name_invalid: ['bad_request', 'invalid archive name, missing .zip extension'],
  archive_name_too_long: ['bad_request', 'invalid archive name too long, maximum {max} characters'],
  stream_without_reader: ['aborted', 'nobody came to download the stream in time'],
  stream_reader_gone: ['aborted', 'the downloader went away before the end'],
  sender_gone: ['aborted', 'the sender went away'],
  stream_cancelled: ['aborted', 'the stream was cancelled'],
  stream_server_unavailable: ['unavailable', 'the server that holds the sender of this stream does not answer'],
} as const satisfies Topic
