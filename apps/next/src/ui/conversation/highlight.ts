import { createElement, type ReactNode } from 'react'
import bash from 'highlight.js/lib/languages/bash'
import css from 'highlight.js/lib/languages/css'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import python from 'highlight.js/lib/languages/python'
import sql from 'highlight.js/lib/languages/sql'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'
import { createLowlight } from 'lowlight'

const lowlight = createLowlight({ bash, css, javascript, json, python, sql, typescript, xml, yaml })

type Nodes = ReturnType<typeof lowlight.highlight>['children']

/** The code in pieces that are coloured by the style sheet; undefined for a language that nobody here reads. */
export function highlight(code: string, language: string): ReactNode {
  return lowlight.registered(language) ? toNodes(lowlight.highlight(language, code).children) : undefined
}

function toNodes(nodes: Nodes): ReactNode[] {
  return nodes.map((node, key) => {
    if (node.type === 'text') return node.value
    if (node.type !== 'element') return undefined
    const className = [node.properties['className']].flat().join(' ')
    return createElement('span', { key, className }, ...toNodes(node.children as Nodes))
  })
}
