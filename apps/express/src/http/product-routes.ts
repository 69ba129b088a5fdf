import { SessionError } from '@sessions/core'
import { Router } from 'express'
import { brands, categories, findProduct } from '../catalogue/catalogue.js'
import { type Filters, search } from '../catalogue/search.js'
import { readNames, stem, wordsOf } from '../catalogue/words.js'
import { succeed } from './envelope.js'
import { readNumber, readText } from './input.js'

/** The catalogue. It uses no session, so it causes no store call. */
export function productRoutes(): Router {
  const router = Router()

  router.get('/products', (req, res) => {
    const limit = readNumber(req, 'limit', { min: 1, max: 100, otherwise: 20 })
    const offset = readNumber(req, 'offset', { min: 0, max: 100_000, otherwise: 0 })
    const named = readNames(readText(req, 'q') ?? '')
    const feature = readText(req, 'feature')
    const words = [...named.words, ...(feature === undefined ? [] : wordsOf(feature).map(stem))]
    const category = readText(req, 'category') ?? named.category
    const brand = readText(req, 'brand')
    const wanted = brand === undefined ? named.brands : [brandOf(brand)]
    const dollars = { min: 0, max: 10_000_000, otherwise: -1 }
    const minPrice = readNumber(req, 'min_price', dollars)
    const maxPrice = readNumber(req, 'max_price', dollars)
    const filters: Filters = {
      ...(category === undefined ? {} : { category: category.toLowerCase() }),
      ...(wanted.length === 0 ? {} : { brands: wanted }),
      ...(words.length === 0 ? {} : { words }),
      ...(minPrice < 0 ? {} : { minPrice: minPrice * 100 }),
      ...(maxPrice < 0 ? {} : { maxPrice: maxPrice * 100 }),
    }
    // Only words that no product has: then no product matches.
    const isNothing = Object.keys(filters).length === 0 && named.unknown.length > 0
    const found = isNothing ? [] : search(filters)
    const products = found.slice(offset, offset + limit)
    succeed(res, { products, count: products.length, total: found.length }, { meta: { categories, brands } })
  })

  router.get('/products/:sku', (req, res) => {
    const product = findProduct(req.params.sku)
    if (product === undefined) throw new SessionError('not_found', 'There is no such product.')
    succeed(res, { product })
  })

  return router
}

function brandOf(name: string): string {
  return brands.find((brand) => brand.toLowerCase() === name.toLowerCase()) ?? name
}
