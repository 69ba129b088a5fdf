import { describeSessionApi } from '@sessions/core/testing'
import { serve } from './serve-api.js'

const express = await serve('Express', '')
describeSessionApi('Nest on Express, at the root', (path, init) => fetch(express + path, init))

const fastify = await serve('Fastify', '/api/v1')
describeSessionApi('Nest on Fastify, under /api/v1', (path, init) => fetch(fastify + path, init))
