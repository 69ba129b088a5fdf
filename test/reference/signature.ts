import type { Node, SourceFile } from '../source-files.js'

/** A parameter of a function, as its callers see it. */
export interface Parameter {
  /** With `?` or `...` where they belong. */
  readonly name: string
  readonly type: string
}

/** What a function takes and gives. */
export interface Signature {
  readonly typeParameters: string
  readonly parameters: readonly Parameter[]
  /** Empty for a constructor. */
  readonly returns: string
}

const longestLine = 100

/** The text of a type on one line, without its comments. */
export function typeText({ text }: SourceFile, annotation: Node | null | undefined): string {
  if (annotation == null) return ''
  const { start, end } =
    annotation.type === 'TSTypeAnnotation' ? (annotation.typeAnnotation as Node) : annotation
  return onOneLine(text.slice(start, end))
}

export const onOneLine = (text: string): string =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"])\/\/.*$/gm, '')
    // Fields of an object in place end with their lines.
    .replaceAll(/(?<![{([<,|&:=>?;\s])\s*\n\s*(?=(?:readonly )?[\w'.]+\??[:(])/g, '; ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/([([<{]) *\| /g, '$1')
    .replaceAll(/([([]) | ,?([)\]])/g, '$1$2')
    .replaceAll(/,(\s*[)\]])/g, '$1')
    .replace(/^\| /, '')
    .trim()

/** @param options How a parameter that is taken apart at once is called. */
function parameterOf(source: SourceFile, node: Node, options: string): Parameter {
  if (node.type === 'TSParameterProperty') return parameterOf(source, node.parameter!, options)
  if (node.type === 'RestElement') {
    return { name: `...${node.argument!.name}`, type: typeText(source, node.typeAnnotation) }
  }
  if (node.type === 'AssignmentPattern') {
    const { name, type } = parameterOf(source, node.left!, options)
    return { name: `${name}?`, type: type === '' ? typeof node.right!.value : type }
  }
  const name = node.type === 'Identifier' ? node.name! : options
  return { name: node.optional === true ? `${name}?` : name, type: typeText(source, node.typeAnnotation) }
}

/** @param node What has parameters: a function, a method, a type of functions. */
export function signatureOf(source: SourceFile, node: Node, doc = ''): Signature {
  const told = [...doc.matchAll(/@param (\w+)/g)].map(([, name]) => name!)
  const { text } = source
  const { typeParameters } = node
  const nodes = (node.params ?? []).filter(({ name }) => name !== 'this')
  return {
    typeParameters: typeParameters ? onOneLine(text.slice(typeParameters.start, typeParameters.end)) : '',
    parameters: nodes.map((each, index) => parameterOf(source, each, told[index] ?? 'options')),
    returns: typeText(source, node.returnType),
  }
}

const spellParameter = ({ name, type }: Parameter): string => (type === '' ? name : `${name}: ${type}`)

/** A signature as TypeScript, each parameter on a line of its own where one line is too short. */
export function spell(name: string, { typeParameters, parameters, returns }: Signature): string {
  const spelled = parameters.map(spellParameter)
  const end = returns === '' ? '' : `: ${returns}`
  const line = `${name}${typeParameters}(${spelled.join(', ')})${end}`
  if (line.length <= longestLine || spelled.length === 0) return line
  return `${name}${typeParameters}(\n${spelled.map((each) => `  ${each},\n`).join('')})${end}`
}

/** A signature as the type of a field. */
export const asType = ({ typeParameters, parameters, returns }: Signature): string =>
  `${typeParameters}(${parameters.map(spellParameter).join(', ')}) => ${returns}`
