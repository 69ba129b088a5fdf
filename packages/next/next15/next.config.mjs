/** @type {import('next').NextConfig} */
const config = {
  distDir: process.env['NEXT_DIST_DIR'] ?? '.next',
  outputFileTracingRoot: new URL('../../..', import.meta.url).pathname,
  // A cache that no later build reads, and that webpack warns of.
  webpack: (webpack) => ({ ...webpack, cache: false }),
  eslint: { ignoreDuringBuilds: true },
}

export default config
