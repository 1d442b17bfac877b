import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { withErrors } from '../../../scripts/error-docs.ts'
import { ERRORS } from '../../../server/errors/catalogue.ts'
import { AppError, asAppError, because, kindOf, reworded } from '../../../server/lib/errors.ts'
import { StorageError } from '../../../storage/storage-error.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

test('docs/api.md lists every error', () => {
  const file = readFileSync(join(ROOT, 'docs/api.md'), 'utf8')

  expect(file).toBe(withErrors(file)) // else: npm run docs
})

test('every error is one that the server makes', () => {
  const source = readdirSync(join(ROOT, 'server'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/^(errors|languages)\//.test(file))
    .map((file) => readFileSync(join(ROOT, 'server', file), 'utf8'))
    .join('\n')

  expect(Object.keys(ERRORS).filter((id) => !source.includes(`'${id}'`))).toEqual([])
})

test('a sentence is filled with its parameters, and sizes are formatted as in Plik', () => {
  const error = new AppError('declared_file_too_large', { size: 11, max: 1_500_000 })

  expect(error.message).toBe('file is too big (11 B), maximum file size is 1.5 MB')
  expect(error).toMatchObject({ kind: 'bad_request', parameters: { size: 11, max: 1_500_000 } })
  expect(new AppError('upload_not_found', { id: '{id} $&' }).message).toBe('upload {id} $& not found')
})

test('other English words leave an error what it is', () => {
  const busy = new AppError('upload_busy', {}, { retryAfterSeconds: 1 })

  expect(reworded(busy, 'wait')).toMatchObject({
    id: 'upload_busy',
    retryAfterSeconds: 1,
    message: 'wait',
    cause: busy,
  })
  const refused = () => {
    throw new AppError('ttl_too_long', { max: 60 })
  }
  expect(() => because('unable to create upload : ', refused)).toThrow(
    'unable to create upload : invalid TTL. (maximum allowed is : 60)',
  )
})

test('what the store can not do is answered in words of the server', () => {
  const cause = new StorageError('insufficient_storage')

  expect(kindOf(cause)).toBe('insufficient_storage')
  expect(asAppError(cause)).toMatchObject({ id: 'no_space', kind: 'insufficient_storage', cause })
  expect(asAppError(new StorageError('unavailable'))).toMatchObject({ retryAfterSeconds: 5 })
  expect(asAppError(new Error('a bug'))).toBeUndefined()
  expect(kindOf(new Error('a bug'))).toBeUndefined()
})
