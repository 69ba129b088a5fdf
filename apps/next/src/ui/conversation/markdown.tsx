import { memo } from 'react'
import ReactMarkdown, { type Components, type Options } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { CodeBlock } from './code-block.tsx'

// The text of an answer is not trusted: links are marked, those that lead nowhere are text, and pictures are not
// fetched.
const components: Components = {
  a: ({ href, children }) => <Link href={href}>{children}</Link>,
  img: ({ src, alt }) => (
    <Link href={typeof src === 'string' ? src : undefined}>
      {alt === undefined || alt === '' ? 'Picture' : alt}
    </Link>
  ),
  pre: ({ node, children }) => {
    const [code] = node?.children ?? []
    if (code?.type !== 'element') return <pre tabIndex={0}>{children}</pre>
    const text = code.children.map((child) => (child.type === 'text' ? child.value : '')).join('')
    const [name] = [code.properties['className']].flat()
    const language = /^language-(\S+)$/.exec(String(name))?.[1]
    return <CodeBlock text={text.replace(/\n$/, '')} language={language?.toLowerCase()} />
  },
  table: ({ children }) => (
    <div className="table" tabIndex={0} role="region" aria-label="Table">
      <table>{children}</table>
    </div>
  ),
  // The box of a task: nobody can tick it here.
  input: ({ checked }) => (
    <span className="task" role="img" aria-label={checked === true ? 'Done: ' : 'To do: '}>
      {checked === true ? '☑' : '☐'}
    </span>
  ),
  // The page has a heading already.
  h1: 'h2',
  h2: 'h3',
  h3: 'h4',
  h4: 'h5',
  h5: 'h6',
}

// `~5 to ~6` strikes nothing through.
const plugins: Options['remarkPlugins'] = [[remarkGfm, { singleTilde: false }]]

/** The text of an answer. It is parsed once for each text, because the log is drawn again with each new word. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <ReactMarkdown components={components} remarkPlugins={plugins}>
      {text}
    </ReactMarkdown>
  )
})

function Link({ href, children }: { href: string | undefined; children: React.ReactNode }) {
  // An address that nobody may follow, such as `javascript:`, has become an empty one.
  if (href === undefined || href === '') return <span>{children}</span>
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  )
}
