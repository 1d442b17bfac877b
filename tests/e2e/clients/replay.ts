import { request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'

/** Plays what a client sends to a server, and compares what comes back; see `tests/fixtures/exchanges/README.md`. */

export interface Exchange {
  client: string
  scenario: string
  settings: Record<string, string>
  needs?: 'apiToken'[]
  steps: (Step | { parallel: Step[] })[]
}

interface Step {
  until?: number
  send: { method: string; path: string; headers: Record<string, string>; body?: string }
  receive: { status: number | '<any>'; headers?: Record<string, string>; json?: unknown; text?: string }
}

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

/** What Mayfly and Plik 1.4 say besides what Plik 1.3.8 says. */
const ADDITIONS = ['downloadCount', 'downloadedBytes', 'lastDownloadedAt']
/** Of `/config`, where clients ignore what they don't know. */
const CONFIG_ADDITIONS = /^feature_|^oidc|Authentication$|^(?:streamTimeout|heicThumbnails)$/

const RETRY_MS = 20

export async function replay(exchange: Exchange, server: string, given: Record<string, string> = {}): Promise<void> {
  const known = new Map(Object.entries({ ...given, server }))
  for (const step of exchange.steps) {
    if ('parallel' in step) await Promise.all(step.parallel.map((one) => play(one, server, known)))
    else await play(step, server, known)
  }
}

async function play({ send, receive, until }: Step, server: string, known: Map<string, string>): Promise<void> {
  let answer = await ask(server, send, known)
  while (until !== undefined && answer.status !== until) {
    await setTimeout(RETRY_MS)
    answer = await ask(server, send, known)
  }
  const what = `${send.method} ${send.path}`
  if (receive.status !== '<any>')
    expect([what, answer.status, answer.text]).toEqual([what, receive.status, answer.text])
  for (const [name, value] of Object.entries(receive.headers ?? {}))
    assertLike(`${what}: ${name}`, answer.headers[name], value, known)
  if (receive.text !== undefined) assertLike(what, answer.text, receive.text, known)
  if (receive.json !== undefined) assertLike(what, JSON.parse(answer.text), receive.json, known)
}

/** As the client does it: a body whose length it does not know goes out in chunks. */
function ask(
  server: string,
  { method, path, headers, body }: Step['send'],
  known: Map<string, string>,
): Promise<Answer> {
  const fill = (text: string) => filled(text, known)
  const bytes = Buffer.from(body === undefined ? '' : fill(body))
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)]))
  const isChunked = 'Transfer-Encoding' in headers
  const length = body === undefined || isChunked ? {} : { 'Content-Length': bytes.length }
  return new Promise((resolve, reject) => {
    const sent = request(
      server + fill(path),
      { method, headers: { ...named, ...length }, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(bytes)
  })
}

/** Throws unless `actual` is what the recording says; keeps what it captures. */
function assertLike(where: string, actual: unknown, recorded: unknown, known: Map<string, string>): void {
  const exact = (value: unknown, expected: unknown) => expect([where, value]).toEqual([where, expected])
  if (recorded === '<any>') return
  if (recorded === '<number>') exact(typeof actual, 'number')
  else if (recorded === '<flag>') exact(typeof actual, 'boolean')
  else if (typeof recorded === 'string') assertText(where, actual, recorded, known)
  else if (Array.isArray(recorded)) {
    exact((actual as unknown[]).length, recorded.length)
    recorded.forEach((one, index) => void assertLike(`${where}[${index}]`, (actual as unknown[])[index], one, known))
  } else if (typeof recorded === 'object' && recorded !== null) {
    assertFields(where, actual as Record<string, unknown>, recorded as Record<string, unknown>, known)
  } else exact(actual, recorded)
}

function assertFields(
  where: string,
  actual: Record<string, unknown>,
  recorded: Record<string, unknown>,
  known: Map<string, string>,
): void {
  const isAddition = (name: string) =>
    ADDITIONS.includes(name) || (where.endsWith('/config') && CONFIG_ADDITIONS.test(name) && !(name in recorded))
  const names = Object.keys(actual).filter((name) => !isAddition(name))
  expect([where, names.length]).toEqual([where, Object.keys(recorded).length])
  Object.entries(recorded).forEach(([name, value], index) => {
    assertText(`${where}: field ${index}`, names[index], name, known)
    assertLike(`${where}.${name}`, actual[names[index] as string], value, known)
  })
}

const KINDS: Record<string, string> = {
  id: '[A-Za-z0-9]{16}',
  token: '[A-Za-z0-9]{32}',
  time: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?Z',
  text: '[\\s\\S]*',
}

function assertText(where: string, actual: unknown, recorded: string, known: Map<string, string>): void {
  const captured: string[] = []
  const pattern = filled(recorded, known)
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/<(id|token|time|text)(?::(\w+))?>/g, (_all, kind: string, name?: string) => {
      captured.push(name ?? '')
      return `(${KINDS[kind]})`
    })
  expect([where, actual]).toEqual([where, expect.stringMatching(new RegExp(`^${pattern}$`))])
  const [, ...values] = new RegExp(`^${pattern}$`).exec(String(actual)) ?? []
  values.forEach((value, index) => {
    const name = captured[index]
    if (name) known.set(name, value)
  })
}

const filled = (text: string, known: Map<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (all, name: string) => known.get(name) ?? all)
