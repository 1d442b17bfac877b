import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const WORKER = 'download-worker'

/** The page, for any place on any server: every address in it is relative. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [compressed()],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    emptyOutDir: true,
    manifest: true,
    license: { fileName: 'assets/third-party-licenses.md' },
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
        // What every page needs compresses better in one piece.
        codeSplitting: {
          groups: [{ name: 'base', tags: ['$initial'], test: /preact|client\/src|web\/src\/(lib|ui)/ }],
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
