import { expect, test } from 'vitest'
import { makeApp } from '../../helpers/make-app.ts'
import { get } from '../downloads/ask.ts'

/** The line that the form without JavaScript shows for terminals: users copy it, so clients must not be able to influence it. */

const lineOf = (page: Buffer): string | undefined => /<code>(.*?)<\/code>/.exec(page.toString())?.[1]

test.for([
  { title: 'PUBLIC_URL', settings: { PUBLIC_URL: 'https://share.example.org/x', PATH_PREFIX: '/x' }, prefix: '/x' },
  {
    title: 'PUBLIC_URL before a download domain, which takes no files then',
    settings: {
      PUBLIC_URL: 'https://share.example.org/x',
      DOWNLOAD_DOMAIN: 'https://dl.example.org',
      PATH_PREFIX: '/x',
    },
    prefix: '/x',
  },
  { title: 'the download domain', settings: { DOWNLOAD_DOMAIN: 'https://share.example.org', PATH_PREFIX: '/x' } },
])('it leads to $title, whatever the request says of itself', async ({ settings }) => {
  const app = await makeApp(settings)
  const hostile = { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=evil.example' }

  const { body } = await get(`${app.url}/`, hostile)

  expect(lineOf(body)).toBe("curl -F 'file=@photo.jpg' 'https://share.example.org/x/'")
  expect(body.toString()).not.toContain('evil.example')
})

test.for(["a'$(id)'", '`id`', 'a b', 'a;id', '"><script>', 'a/../b', 'user:pass@evil.example', 'a|b', 'a&b', 'ä'])(
  'without a configured address, a host %s that is none is not repeated',
  async (host) => {
    const app = await makeApp()

    const { body } = await get(`${app.url}/`, { Host: Buffer.from(host).toString('latin1') })

    expect(lineOf(body) ?? 'refused').toMatch(/^(?:refused|curl -F 'file=@photo.jpg' 'http:\/\/127\.0\.0\.1:\d+\/')$/)
    expect(body.toString()).not.toContain(host)
  },
)

test('without a configured address it leads to where the page was asked for', async () => {
  const app = await makeApp()

  const { body } = await get(`${app.url}/`, { Host: '[::1]:8080' })

  expect(lineOf(body)).toBe("curl -F 'file=@photo.jpg' 'http://[::1]:8080/'")
})
