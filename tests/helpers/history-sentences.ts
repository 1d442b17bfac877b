import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseSync } from 'vite'

/** What jobs can write into their history, read from the syntax of their source. */

const JOBS = resolve(import.meta.dirname, '../../server/jobs')

/** As much of a syntax tree (ESTree) as is looked at. */
interface Node {
  type: string
  [key: string]: unknown
}

interface Place {
  node: Node
  parent: Node | undefined
}

/** Stands for what is put into a sentence. */
const HOLE = '{}'

/** Every string with a full stop in a file of `server/jobs`. */
export function historySentences(file: string): string[] {
  const all = [...places(parseSync(file, readFileSync(resolve(JOBS, file), 'utf8')).program as unknown as Node)]
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
    .filter(({ node, parent }) => isText(node) && parent?.type !== 'ImportDeclaration')
    .flatMap(({ node }) => textsOf(node, wordings))
    .filter((text) => /^.*[a-z].*[^.]\.(?: |$)/.test(text))
}

function* places(node: Node, parent?: Node): Generator<Place> {
  yield { node, parent }
  for (const child of Object.values(node).flat()) if (isNode(child)) yield* places(child, node)
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
