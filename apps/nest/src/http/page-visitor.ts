import type { ServerResponse } from 'node:http'
import type { SessionsRequest } from '@sessions/nest'
import { findMerchant } from '../merchants.js'

/**
 * The shop that a page is for. A form and a link cannot send the header that names the shop, so they have a field; from
 * here on the request is as one with the header.
 */
export function visitShop(req: SessionsRequest, named: unknown): string | undefined {
  const shop = findMerchant(named)?.id
  if (shop !== undefined) req.headers['x-merchant'] = shop
  return shop
}

/** Sends a page that no cache keeps. */
export function sendPage(res: ServerResponse, text: string, status = 200): void {
  res.statusCode = status
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.setHeader('Cache-Control', 'no-store')
  res.end(text)
}

/** Leads on by a GET, so that a reload repeats nothing. */
export function seeOther(res: ServerResponse, location: string): void {
  res.statusCode = 303
  res.setHeader('Location', location)
  res.setHeader('Cache-Control', 'no-store')
  res.end()
}
