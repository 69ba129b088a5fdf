export default { basePath: '/docs', turbopack: { root: import.meta.dirname } }
