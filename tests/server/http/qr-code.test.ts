import sharp from 'sharp'
import { encode } from 'uqr'
import { expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { sharedApp, type TestApp } from '../../helpers/make-app.ts'

const app = sharedApp()

/** `/qrcode?url=&size=` (Plik §1.9). */

const LINK = 'https://files.example.org/#/?id=abc'

const get = (app: TestApp, query: string) => fetch(`${app.url}/qrcode${query}`)

async function sizeOf(response: Response): Promise<[string | undefined, number, number]> {
  const { format, width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata()
  return [format, width, height]
}

const SIZES = [
  ['?url=x', 250],
  ['?url=x&size=', 250],
  ['?url=x&size=big', 250],
  ['?url=x&size=99.5', 250],
  ['?url=x&size=21', 21],
  ['?url=x&size=300', 300],
  ['?url=x&size=%2B300', 300],
  ['?url=x&size=1000', 1000],
  ['', 250],
] as const

test('the answer is a square PNG of the size that was asked for, else of 250 pixels', async () => {
  const sizes = await Promise.all(SIZES.map(async ([query]) => [query, ...(await sizeOf(await get(app, query)))]))

  expect(sizes).toEqual(SIZES.map(([query, size]) => [query, 'png', size, size]))
  expect((await get(app, '?url=x')).headers.get('content-type')).toBe('image/png')
})

test('sizes out of bounds are refused, a code that does not fit is the asker’s fault (500 in Plik)', async () => {
  const long = 'x'.repeat(3000)

  expect(await answerOf(get(app, '?url=x&size=0'))).toEqual([400, 'QRCode size must be positive\n'])
  expect(await answerOf(get(app, '?url=x&size=-5'))).toEqual([400, 'QRCode size must be positive\n'])
  expect(await answerOf(get(app, '?url=x&size=1001'))).toEqual([400, 'QRCode size must be lower than 1000\n'])
  expect(await answerOf(get(app, `?url=x&size=${'9'.repeat(400)}`))).toEqual([
    400,
    'QRCode size must be lower than 1000\n',
  ])
  expect(await answerOf(get(app, '?url=x&size=20'))).toEqual([400, 'QRCode size must be at least 21 for this text\n'])
  expect(await answerOf(get(app, `?url=${long}`))).toEqual([400, 'the text is too long for a QRCode\n'])
})

test('the image is the code of the link at level H, without a quiet zone', async () => {
  const { data, size } = encode(LINK, { ecc: 'H', border: 0 })

  const response = await get(app, `?url=${encodeURIComponent(LINK)}&size=${size * 4}`)
  const image = sharp(Buffer.from(await response.arrayBuffer())).resize(size, size, { kernel: 'nearest' })
  const pixels = await image.greyscale().raw().toBuffer()

  expect([...pixels].map((value) => value < 128)).toEqual(data.flat())
})

test('parameters that are repeated do no harm', async () => {
  expect((await get(app, '?url=a&url=b&size=300&size=400')).status).toBeLessThan(500)
})
