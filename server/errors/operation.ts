import type { Topic } from './kinds.ts'

/** Errors of the server itself, its database and its storage; also of commands and jobs. */
export const OPERATION_ERRORS = {
  internal_error: ['internal', 'internal server error'],
  no_space: ['insufficient_storage', 'no space left on the server'],
  database_unavailable: ['unavailable', 'the database does not answer, please try again'],
  database_not_ready: ['unavailable', 'the database does not answer'],
  storage_unavailable: ['unavailable', 'the storage is not available at the moment'],
  blob_not_found: ['not_found', 'blob not found'],
  file_too_large_for_storage: ['too_large', 'the file is too large for the storage'],
  storage_not_ready: ['unavailable', 'the storage does not answer'],
  page_not_built: ['unavailable', 'the page is not built, run: npm run build'],
  server_stopping: ['aborted', 'the server is stopping'],
  store_mismatch: [
    'conflict',
    'the database and the stored files do not belong together, so nothing is deleted or imported; correct the settings or restore the database, or run `{command}` if both are right',
  ],
  too_many_orphans: [
    'conflict',
    '{orphans} of {files} stored files are unknown to the database, which is more than {percent}%, so none was deleted; restore the right database, or run `{command}`',
  ],
  server_stopped: ['aborted', 'The server was stopped.'],
  backup_damaged: ['bad_request', '{file} is not a backup or is damaged'],
  database_in_use: ['conflict', 'the database is in use'],
  plik_files_missing: [
    'bad_request',
    'nothing was imported: {missing} of {looked} files are not in {place}, such as {examples}; correct --files, or use --allow-missing if they are lost',
  ],
  plik_database_unreadable: ['bad_request', '{place} cannot be read as a database of Plik: {reason}'],
  plik_tables_missing: ['bad_request', '{place} is not a database of Plik 1.3 or 1.4: it has no table {tables}'],
} as const satisfies Topic
