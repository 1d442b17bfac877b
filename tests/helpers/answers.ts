/** Status and whole text, to compare with a literal pair. */
export async function answerOf(response: Response | Promise<Response>): Promise<[status: number, text: string]> {
  const settled = await response
  return [settled.status, await settled.text()]
}

/** The JSON of a success; anything else fails the test with the body. */
export async function jsonOf<T = AnyJson>(response: Response | Promise<Response>): Promise<T> {
  const [status, text] = await answerOf(response)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return JSON.parse(text) as T
}

/** Uploads and files have an id; other keys are compared, not used. */
interface AnyJson {
  id: string
  [key: string]: unknown
}
