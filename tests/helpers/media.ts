import type { Page } from 'playwright-core'

/** Small real files, made for tests. */

/** A second of silence: PCM, 8 bits, 8 kHz. */
export function wav(): Buffer {
  const samples = Buffer.alloc(8_000, 0x80)
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16) // length of what follows
  header.writeUInt16LE(1, 20) // PCM
  header.writeUInt16LE(1, 22) // channel
  header.writeUInt32LE(8_000, 24) // samples a second
  header.writeUInt32LE(8_000, 28) // bytes a second
  header.writeUInt16LE(1, 32) // bytes a sample
  header.writeUInt16LE(8, 34) // bits a sample
  header.write('data', 36)
  header.writeUInt32LE(samples.length, 40)
  return Buffer.concat([header, samples])
}

/** Half a second of an image that turns green, as the browser itself records it. */
export async function webm(page: Page): Promise<Buffer> {
  const base64 = await page.evaluate(`(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 })
    const context = canvas.getContext('2d')
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' })
    const parts = []
    recorder.ondataavailable = ({ data }) => parts.push(data)
    recorder.start()
    for (let frame = 0; frame < 12; frame++) {
      context.fillStyle = 'rgb(0 ' + frame * 20 + ' 0)'
      context.fillRect(0, 0, 64, 48)
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    await new Promise((resolve) => { recorder.onstop = resolve; recorder.stop() })
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  })()`)
  return Buffer.from(String(base64), 'base64')
}

/** One page, all of it red. `script` runs when it is opened; it must not hold parentheses that are not in pairs. */
export function pdf(script = ''): Buffer {
  const content = '1 0 0 rg 0 0 200 200 re f'
  const objects = [
    `<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (${script}) >> >>`,
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
  ]
  let text = '%PDF-1.4\n'
  const offsets = objects.map((object, i) => {
    const offset = text.length
    text += `${i + 1} 0 obj\n${object}\nendobj\n`
    return offset
  })
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const start = text.length
  return Buffer.from(
    `${text}xref\n0 5\n0000000000 65535 f \n${table}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`,
  )
}
