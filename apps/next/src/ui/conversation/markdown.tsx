import { memo } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'

// What an answer says is somebody else's text: links say so, and pictures are not fetched.
const components: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  ),
  img: ({ src, alt }) => (
    <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noopener noreferrer">
      {alt === undefined || alt === '' ? 'Picture' : alt}
    </a>
  ),
  // Wide code scrolls, and a keyboard has to reach what scrolls.
  pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  // The page has a heading already.
  h1: 'h2',
  h2: 'h3',
  h3: 'h4',
  h4: 'h5',
  h5: 'h6',
}

/** An answer's text. Read once for each text: a log is drawn anew with each word that comes. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return <ReactMarkdown components={components}>{text}</ReactMarkdown>
})
