/** For this user alone, whatever the umask: files that people upload, and the hashes of passwords and tokens. */
export const FOLDER_MODE = 0o700
export const FILE_MODE = 0o600
