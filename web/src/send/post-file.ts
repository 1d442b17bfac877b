import {
  type Access,
  ApiError,
  accessHeaders,
  type FileJson,
  isHtml,
  JSON_PLEASE,
  refusalOf,
  serverUrl,
  sessionHeaders,
} from '../lib/api.ts'

/** A whole file in one request: for streams, which can't be resumed since nothing is kept of them. */
export function postFile(
  path: string,
  { name, bytes, access }: { name: string; bytes: Blob; access: Access },
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<FileJson> {
  const form = new FormData()
  form.append('file', bytes, name)
  const request = new XMLHttpRequest() // fetch tells nothing of what was sent
  return new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) =>
      onProgress(Math.min(bytes.size, Math.max(0, loaded - (total - bytes.size))))
    request.onerror = () => reject(new ApiError(0, 'unreachable'))
    request.onabort = () => reject(new ApiError(0, 'aborted'))
    request.onload = () => {
      const { status, responseText } = request
      const type = request.getResponseHeader('Content-Type')
      if (status === 200 && !isHtml(type)) resolve(JSON.parse(responseText) as FileJson)
      else reject(refusalOf(status, type, responseText))
    }
    signal.addEventListener('abort', () => request.abort())
    request.open('POST', serverUrl(path))
    for (const [header, value] of Object.entries({ ...JSON_PLEASE, ...accessHeaders(access), ...sessionHeaders() }))
      request.setRequestHeader(header, value)
    request.send(form)
  })
}
