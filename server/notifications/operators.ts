import { z } from 'zod'
import { Name } from '../jobs/job-shapes.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newId, newToken } from '../lib/ids.ts'
import { parsed, storedText } from '../lib/shapes.ts'
import { type Mail, sendMail } from './mail.ts'
import type { Operator } from './operator.ts'
import type { OperatorsRepo } from './operators-repo.ts'
import { assertWebhookUrl, postWebhook } from './webhook.ts'

export const OperatorInput = z.strictObject({
  name: Name,
  kind: z.enum(['email', 'webhook']),
  target: storedText(1_000),
  /** Key of a webhook's signature; generated if omitted. */
  secret: storedText(200).min(16).optional(),
  isEnabled: z.boolean().default(true),
})

export interface Channels {
  /** Empty: mail is switched off. */
  smtpUrl: string
  mailFrom: string
  allowPrivateWebhooks: boolean
}

/** The content of a notification, the same for every attempt. */
export interface News {
  id: string
  subject: string
  text: string
  json: object
}

export type Operators = ReturnType<typeof createOperators>

/** Operators, who are notified when jobs end, and the delivery of notifications. Names are accepted in place of ids. */
export function createOperators({ repo, channels, clock }: { repo: OperatorsRepo; channels: Channels; clock: Clock }) {
  /** Throws `not_found`. */
  async function get(nameOrId: string): Promise<Operator> {
    const operator = await repo.find(nameOrId)
    if (!operator) throw new AppError('operator_not_found', { name: nameOrId })
    return operator
  }

  /** Like `get`, for references in other input. Throws `bad_request`. */
  async function known(nameOrId: string): Promise<Operator> {
    const operator = await repo.find(nameOrId)
    if (operator) return operator
    const names = (await repo.list()).map(({ name }) => name).join(', ')
    throw new AppError('operator_unknown', { name: nameOrId, names: names || 'none' })
  }

  /** Throws `bad_request` with the reason. */
  async function create(input: z.input<typeof OperatorInput>): Promise<Operator> {
    const operator = plan(newId(), input, newToken())
    if (!(await repo.insert(operator))) throw nameTaken(operator.name)
    return operator
  }

  /** Omitted fields are kept. */
  async function change(nameOrId: string, changes: Partial<z.input<typeof OperatorInput>>): Promise<Operator> {
    const { id, secret, ...before } = await get(nameOrId)
    const operator = plan(id, { ...before, ...changes }, secret || newToken())
    if (!(await repo.change(operator))) throw nameTaken(operator.name)
    return operator
  }

  async function remove(nameOrId: string): Promise<void> {
    await repo.remove((await get(nameOrId)).id)
  }

  function plan(id: string, input: unknown, secret: string): Operator {
    const operator = { id, secret, ...withoutUndefined(parsed(OperatorInput, input)) }
    if (operator.kind === 'webhook') {
      assertWebhookUrl(operator.target, channels.allowPrivateWebhooks)
      return operator
    }
    if (channels.smtpUrl === '') throw new AppError('mail_not_set_up')
    if (!z.email().safeParse(operator.target).success) throw new AppError('target_not_mail')
    return { ...operator, secret: '' }
  }

  /** Delivers a notification; throws if the delivery failed. Disabled operators get none. */
  async function notify(
    { kind, target, secret, isEnabled }: Operator,
    news: News,
    signal?: AbortSignal,
  ): Promise<void> {
    if (!isEnabled) return
    if (kind === 'email') return sendMail(mailOf(news, target), { smtpUrl: channels.smtpUrl, from: channels.mailFrom })
    const body = JSON.stringify(news.json)
    const webhook = { url: target, secret, deliveryId: news.id, body, sentAt: clock() }
    await postWebhook(webhook, { allowPrivate: channels.allowPrivateWebhooks, ...(signal && { signal }) })
  }

  return { list: repo.list, get, known, create, change, remove, notify }
}

const mailOf = ({ subject, text }: News, to: string): Mail => ({ to, subject, text })

const withoutUndefined = <T extends { secret?: string | undefined }>({ secret, ...rest }: T) => ({
  ...rest,
  ...(secret === undefined ? {} : { secret }),
})

const nameTaken = (name: string) => new AppError('operator_exists', { name })
