import { z } from 'zod'
import type { JsonObject } from '../json.js'
import { problem } from './schemas.js'
import type { Route } from './route.js'

const problemSchema = z.toJSONSchema(problem) as unknown as JsonObject

/** OpenAPI 3.1 of the routes, made of the very schemas that check requests. */
export function toOpenApi(routes: readonly Route[], basePath: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {}
  for (const route of routes) {
    const operations = (paths[`${basePath}${route.path}`] ??= {})
    operations[route.method.toLowerCase()] = toOperation(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sessions',
      version: '1',
      description: 'Durable, tenant-safe sessions for LLM conversations.',
    },
    paths,
    components: {
      schemas: { Problem: withoutDialect(problemSchema) },
      responses: {
        Problem: {
          description: 'What went wrong, as RFC 9457 writes it.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  }
}

function toOperation(route: Route): JsonObject {
  const { method, path, operation, summary, query, body, bodyOptional, status = 200, response } = route
  const isUnsafe = method !== 'GET'
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name: name!,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...(query === undefined ? [] : queryParameters(query)),
    ...(isUnsafe ? [header('Idempotency-Key'), header('If-Match')] : [header('If-None-Match')]),
    ...(route.streams === true ? [header('Last-Event-ID')] : []),
  ]
  const isStreamOnly = route.streams === true && method === 'GET'
  return {
    operationId: operation,
    summary,
    parameters,
    ...(body === undefined
      ? {}
      : { requestBody: { required: bodyOptional !== true, content: json(toSchema(body, 'input')) } }),
    responses: {
      [status]: {
        description: summary,
        content: {
          ...(isStreamOnly ? {} : json(toSchema(response, 'output'))),
          ...(route.streams === true ? { 'text/event-stream': { schema: { type: 'string' } } } : {}),
        },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

function queryParameters(query: z.ZodObject): JsonObject[] {
  const { properties = {}, required = [] } = toSchema(query, 'input') as {
    properties?: Record<string, JsonObject>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function header(name: string): JsonObject {
  return { name, in: 'header', required: false, schema: { type: 'string' } }
}

function json(schema: JsonObject): JsonObject {
  return { 'application/json': { schema } }
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  // A few inputs are wider than JSON Schema can say, such as a number spelled as text in a query.
  return withoutDialect(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as unknown as JsonObject)
}

function withoutDialect(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== '$schema'))
}
