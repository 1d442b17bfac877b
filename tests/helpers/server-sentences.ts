import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseSync } from 'vite'

/** What the server can say when it refuses something, read from the syntax of its source. */

const SERVER = resolve(import.meta.dirname, '../../server')

/** As much of a syntax tree (ESTree) as is looked at. */
interface Node {
  type: string
  [key: string]: unknown
}

interface Place {
  node: Node
  /** Nodes around it, the innermost first. */
  around: Node[]
}

/** Stands for what is put into a sentence. */
const HOLE = '{}'
const NOTHING: Node = { type: 'Identifier' }

/**
 * The message of every `new AppError` below `server/`, with `{}` where something is put in. Messages that went through a
 * function or a constant of the same file are followed. Throws where it can't tell what is said.
 */
export function serverSentences(isAskedFor: (file: string) => boolean): string[] {
  const files = readdirSync(SERVER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return [...new Set(files.filter(isAskedFor).flatMap(sentencesOf))].sort()
}

/** Whatever stands in a file below `server/` and has a full stop: what jobs write into their history. */
export function fullSentences(file: string): string[] {
  const all = placesIn(file)
  /** Of what is put into a sentence: both words of a choice, and a phrase that has a name. */
  const wordings = (node: Node): string[] => {
    if (node.type === 'ConditionalExpression')
      return [node.consequent, node.alternate].map((word) => textOf(word as Node))
    const phrase = all.find(
      ({ node: { type, id } }) => type === 'VariableDeclarator' && (id as Node).name === node.name,
    )
    return [phrase && isNode(phrase.node.init) ? textOf(phrase.node.init) : HOLE]
  }
  return all
    .filter(({ node, around }) => isText(node) && around[0]?.type !== 'ImportDeclaration')
    .flatMap(({ node }) => textsOf(node, wordings))
    .filter((text) => /^.*[a-z].*[^.]\.(?: |$)/.test(text))
}

function sentencesOf(file: string): string[] {
  const all = placesIn(file)

  function said({ node, around }: Place): string[] {
    if (node.type === 'Literal') return [String(node.value)]
    if (node.type === 'TemplateLiteral') return filledIn(node, around)
    if (node.type === 'Identifier') return named(node.name as string, around)
    if (node.type === 'ConditionalExpression')
      return [node.consequent, node.alternate].flatMap((branch) => said({ node: branch as Node, around }))
    if (isForwarded(node)) return []
    throw new Error(`${file}: can't tell what ${node.type} says`)
  }

  /** What a parameter was called with, or what a constant holds. */
  function named(name: string, around: Node[]): string[] {
    const owner = around.find((node) => parametersOf(node).includes(name))
    const givers = owner ? argumentsOf(owner, around).map((given) => given.get(name)) : constants(name)
    return givers.flatMap((place) => (place ? said(place) : []))
  }

  /** A template, once for each call of the function that it stands in: a call may bring words. */
  function filledIn(node: Node, around: Node[]): string[] {
    const holes = (node.expressions as Node[]).map(({ name }) => String(name))
    const owner = around.find((outer) => parametersOf(outer).some((name) => holes.includes(name)))
    const calls = owner ? argumentsOf(owner, around) : []
    return (calls.length > 0 ? calls : [new Map<string, Place>()]).flatMap((given) =>
      textsOf(node, ({ name }) => [textOf(given.get(String(name))?.node ?? NOTHING)]),
    )
  }

  const constants = (name: string): Place[] =>
    all
      .filter(({ node }) => node.type === 'VariableDeclarator' && (node.id as Node).name === name && node.init)
      .map(({ node, around }) => ({ node: node.init as Node, around }))

  /** By name of the parameter, for each call in this file. */
  function argumentsOf(owner: Node, around: Node[]): Map<string, Place>[] {
    const name = nameOf(owner, around)
    return all
      .filter(({ node }) => node.type === 'CallExpression' && (node.callee as Node).name === name)
      .map(({ node, around: its }) => {
        const given = (node.arguments as Node[]).map((argument): Place => ({ node: argument, around: its }))
        return new Map(given.map((place, index) => [parametersOf(owner)[index] ?? '', place]))
      })
  }

  return all
    .filter(({ node }) => node.type === 'NewExpression' && (node.callee as Node).name === 'AppError')
    .flatMap(({ node, around }) => said({ node: (node.arguments as Node[])[1] as Node, around }))
}

const placesIn = (file: string): Place[] => [
  ...places(parseSync(file, readFileSync(join(SERVER, file), 'utf8')).program as unknown as Node),
]

function* places(node: Node, around: Node[] = []): Generator<Place> {
  yield { node, around }
  for (const child of Object.values(node).flat()) if (isNode(child)) yield* places(child, [node, ...around])
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value

const isText = ({ type, value }: Node): boolean =>
  type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string')

/** A text with holes; one hole where it is none. */
const textOf = (node: Node): string => (isText(node) ? (textsOf(node, () => [HOLE])[0] as string) : HOLE)

/** A text with all that can stand in its holes. */
function textsOf({ value, quasis, expressions = [] }: Node, wordings: (node: Node) => string[]): string[] {
  if (quasis === undefined) return [String(value)]
  const [head = '', ...tails] = (quasis as { value: { cooked: string } }[]).map((quasi) => quasi.value.cooked)
  return tails.reduce(
    (texts, tail, index) =>
      wordings((expressions as Node[])[index] as Node).flatMap((words) => texts.map((text) => text + words + tail)),
    [head],
  )
}

/** Another error's words, or a list of them: they are found where they are made. */
const isForwarded = ({ type, property, callee }: Node): boolean =>
  (type === 'MemberExpression' && (property as Node).name === 'message') ||
  (type === 'CallExpression' && ((callee as Node).property as Node | undefined)?.name === 'join')

const parametersOf = ({ params = [] }: Node): string[] => (params as Node[]).map(({ name = '' }) => String(name))

/** A function's own name, or that of the constant which holds it. */
const nameOf = (owner: Node, around: Node[]): unknown =>
  ((owner.id ?? around[around.indexOf(owner) + 1]?.id) as Node | undefined)?.name
