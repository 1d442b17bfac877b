import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

/** Every row of `docs/plik-contract.md` names tests, and they are there: words of their titles, not of a comment. */

const ROOT = resolve(import.meta.dirname, '..')

interface Row {
  what: string
  tests: { file: string; title: string }[]
}

const rows: Row[] = readFileSync(resolve(ROOT, 'docs/plik-contract.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:what|-+) +\|/.test(line))
  .map((line) => line.slice(2, -2).split(' | '))
  .map(([what = '', tests = '']) => ({ what: what.trim(), tests: tests.trim().split('<br>').map(testOf) }))

function testOf(text: string): Row['tests'][number] {
  const [file = '', title = ''] = text.split(/:(?: |$)/, 2)
  const folder = file.startsWith('e2e/') ? 'tests' : 'tests/server'
  return { file: `${folder}/${file}.test.ts`, title: title.trim() }
}

test('the contract has rows, each with a test', () => {
  expect(rows.length).toBeGreaterThan(100)
  expect(rows.filter(({ what, tests }) => what === '' || tests.length === 0)).toEqual([])
})

test('every test that the contract names exists', () => {
  const missing = rows.flatMap(({ what, tests }) =>
    tests.filter(isMissing).map(({ file, title }) => [what, file, title]),
  )

  expect(missing).toEqual([])
})

function isMissing({ file, title }: Row['tests'][number]): boolean {
  const path = resolve(ROOT, file)
  return title === '' || !existsSync(path) || !codeOf(path).some((line) => line.includes(title))
}

const codeOf = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line))
