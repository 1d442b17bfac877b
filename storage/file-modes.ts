/** Only for the user of the process, whatever the umask: uploaded files, and hashes of passwords and tokens. */
export const FOLDER_MODE = 0o700
export const FILE_MODE = 0o600
