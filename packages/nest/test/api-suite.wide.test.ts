import { describeSessionApi } from '@sessions/core/testing'
import { serve } from './serve-api.js'

const express = await serve('Express', '/api/v1')
describeSessionApi('Nest on Express, under /api/v1', (path, init) => fetch(express + path, init))

const expressAtRoot = await serve('Express', '')
describeSessionApi('Nest on Express, at the root', (path, init) => fetch(expressAtRoot + path, init))

const fastify = await serve('Fastify', '')
describeSessionApi('Nest on Fastify, at the root', (path, init) => fetch(fastify + path, init))
