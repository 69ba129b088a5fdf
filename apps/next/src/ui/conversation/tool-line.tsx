import type { Piece } from './pieces.ts'

const sayings: Readonly<Record<string, string>> = {
  search_products: 'looked in the catalogue',
  add_to_cart: 'put something into the cart',
  remove_from_cart: 'took something out of the cart',
  clear_cart: 'emptied the cart',
  show_cart: 'looked into the cart',
  checkout: 'placed the order',
  remember: 'made a note of what you like',
}

/** One tool call of the assistant before its answer. */
export function ToolLine({ piece }: { piece: Extract<Piece, { type: 'tool' }> }) {
  const known = Object.hasOwn(sayings, piece.name) ? sayings[piece.name] : undefined
  const saying = known ?? `used ${piece.name.replaceAll(/[_-]+/g, ' ')}`
  return (
    <p className="tool-line" data-state={piece.state}>
      {saying}
      {piece.state === 'failed' ? ', which did not work' : ''}
    </p>
  )
}
