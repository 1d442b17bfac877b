import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'
import { encryptionChunk, firstChunk } from './first-chunks.ts'

const WORKER = 'download-worker'
const LICENSES = 'assets/third-party-licenses.md'
/** Folders of the packages in workers, which Vite's list of licenses leaves out. */
const packagesOfWorkers = new Set<string>()

/** The page, for any place on any server: every address in it is relative. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [compressed(), licensesOfWorkers()],
  worker: { format: 'es', plugins: () => [collectedPackages()] },
  build: {
    target: 'es2023',
    emptyOutDir: true,
    manifest: true,
    license: { fileName: LICENSES },
    assetsInlineLimit: 0, // our content policy allows no `data:` addresses
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        page: join(import.meta.dirname, 'index.html'),
        [WORKER]: join(import.meta.dirname, 'worker', `${WORKER}.ts`),
      },
      // A service worker is updated by its address, so that one stays.
      output: {
        entryFileNames: ({ name }) => (name === WORKER ? '[name].js' : 'assets/[name]-[hash].js'),
        codeSplitting: {
          groups: [
            { name: firstChunk, debugName: 'first chunks', priority: 1 },
            { name: encryptionChunk, debugName: 'encryption' },
          ],
        },
      },
    },
  },
})

/** Small copies beside the assets, which the server sends to browsers that can read them. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle({ dir = '' }) {
      const assets = join(dir, 'assets')
      const names = (await readdir(assets)).filter((name) => /\.(?:js|css|svg)$/.test(name))
      await Promise.all(names.map((name) => compress(join(assets, name))))
    },
  }
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path)
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes))
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes))
}

function collectedPackages(): Plugin {
  return {
    name: 'collected-packages',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
      for (const id of modules) {
        const [folder] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []
        if (folder) packagesOfWorkers.add(folder)
      }
    },
  }
}

/** Appends them to the list. */
function licensesOfWorkers(): Plugin {
  return {
    name: 'licenses-of-workers',
    apply: 'build',
    async writeBundle({ dir = '' }) {
      const file = join(dir, LICENSES)
      let text = await readFile(file, 'utf8')
      for (const folder of [...packagesOfWorkers].sort()) {
        const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
        const heading = `## ${name} - ${version} (${license})`
        const licenseFile = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
        if (licenseFile && !text.includes(heading))
          text += `\n${heading}\n\n${(await readFile(join(folder, licenseFile), 'utf8')).trim()}\n`
      }
      await writeFile(file, text)
    },
  }
}
