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

/**
 * The message of every `new AppError` below `server/`, with `{}` where something is put in. Messages that went through a
 * function or a constant of the same file are followed. Throws where it can't tell what is said.
 */
export function serverSentences(isAskedFor: (file: string) => boolean): string[] {
  const files = readdirSync(SERVER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return [...new Set(files.filter(isAskedFor).flatMap(sentencesOf))].sort()
}

function sentencesOf(file: string): string[] {
  const { program } = parseSync(file, readFileSync(join(SERVER, file), 'utf8'))
  const all = [...places(program as unknown as Node)]

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
  function filledIn({ quasis, expressions }: Node, around: Node[]): string[] {
    const holes = (expressions as Node[]).map(({ name }) => String(name))
    const owner = around.find((node) => parametersOf(node).some((name) => holes.includes(name)))
    const calls = owner ? argumentsOf(owner, around) : []
    const [head = '', ...tails] = (quasis as { value: { cooked: string } }[]).map(({ value }) => value.cooked)
    return (calls.length > 0 ? calls : [new Map<string, Place>()]).map((given) =>
      tails.reduce((text, tail, index) => text + wordsOf(given.get(holes[index] as string)) + tail, head),
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

function* places(node: Node, around: Node[] = []): Generator<Place> {
  yield { node, around }
  for (const child of Object.values(node).flat()) if (isNode(child)) yield* places(child, [node, ...around])
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value

/** Of an argument that goes into a template. */
function wordsOf(place: Place | undefined): string {
  if (place?.node.type === 'Literal') return String(place.node.value)
  if (place?.node.type !== 'TemplateLiteral') return HOLE
  return (place.node.quasis as { value: { cooked: string } }[]).map(({ value }) => value.cooked).join(HOLE)
}

/** Another error's words, or a list of them: they are found where they are made. */
const isForwarded = ({ type, property, callee }: Node): boolean =>
  (type === 'MemberExpression' && (property as Node).name === 'message') ||
  (type === 'CallExpression' && ((callee as Node).property as Node | undefined)?.name === 'join')

const parametersOf = ({ params = [] }: Node): string[] => (params as Node[]).map(({ name = '' }) => String(name))

/** A function's own name, or that of the constant which holds it. */
const nameOf = (owner: Node, around: Node[]): unknown =>
  ((owner.id ?? around[around.indexOf(owner) + 1]?.id) as Node | undefined)?.name
