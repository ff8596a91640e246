import { fileURLToPath } from 'node:url';

/** @gatehouse/client is linked from this repository. With the package from a registry, neither of the two roots is needed. */
const repository = fileURLToPath(new URL('../..', import.meta.url));

/** @type {import('next').NextConfig} */
export default {
  turbopack: { root: repository },
  outputFileTracingRoot: repository,
  poweredByHeader: false,
  // Pictures are served as they were screened: nothing makes other bytes of them.
  images: { unoptimized: true },
  headers: async () => [
    {
      source: '/:path*',
      headers: [
        { key: 'X-Content-Type-Options', value: 'nosniff' },
        { key: 'Content-Security-Policy', value: "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'" },
      ],
    },
  ],
};
