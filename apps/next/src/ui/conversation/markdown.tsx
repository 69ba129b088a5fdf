import { memo } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'

// The text of an answer is not trusted: links are marked, and pictures are not fetched.
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
  // Wide code scrolls, and the keyboard has to reach the scrolling element.
  pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  // The page has a heading already.
  h1: 'h2',
  h2: 'h3',
  h3: 'h4',
  h4: 'h5',
  h5: 'h6',
}

/** The text of an answer. It is parsed once for each text, because the log is drawn again with each new word. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return <ReactMarkdown components={components}>{text}</ReactMarkdown>
})
