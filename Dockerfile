# Mayfly in a container: `docker build -t mayfly .`, then `docker run -p 127.0.0.1:8080:8080 -v mayfly:/data mayfly`.
# The page and the server's bundle are built, and run-time packages are gathered.

FROM node:26-bookworm-slim AS built
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --workspaces=false --ignore-scripts --no-audit --no-fund
COPY web ./web
# The page shares some modules with them.
COPY server ./server
COPY client ./client
# The rest of the server, and what makes the bundle.
COPY storage ./storage
COPY migrations ./migrations
COPY seeds ./seeds
COPY scripts ./scripts
COPY tsconfig.json ./
RUN npm run build

FROM node:26-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# sharp and better-sqlite3 bring their binaries inside their packages: no install script has to run, no compiler is needed.
# better-sqlite3 brings SQLite's source and eight platforms; one stays. Loading both proves that the right ones did.
RUN npm ci --workspaces=false --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src \
 && find node_modules/better-sqlite3/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
 && node -e "new (require('better-sqlite3'))(':memory:').close(); require('sharp')"

FROM node:26-bookworm-slim
# tini is PID 1: it passes SIGTERM on to the server and collects orphaned children, which node does not do. libheif-examples has the
# decoder for thumbnails of HEIC.
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini libheif-examples \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
 && install -d -o node -g node -m 0700 /data /backups \
 && ln -s /app/server/dist/mayfly.js /usr/local/bin/mayfly
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
# What may enter the image is listed in .dockerignore. It belongs to root: the server can't change its own code.
COPY . .
COPY --from=built /app/web/dist ./web/dist
COPY --from=built /app/server/dist ./server/dist
# The server runs for a while, and a command, which shows that they start, and what node compiled of them is kept: later starts take
# a quarter less time. node looks for it by user id; it belongs to root, too.
RUN install -d -o node -g node compiled /tmp/data \
 && MAYFLY_DATA_DIR=/tmp/data NODE_COMPILE_CACHE=/app/compiled setpriv --reuid=node --regid=node --clear-groups \
    timeout --preserve-status 10 node --max-semi-space-size=4 server/dist/main.js \
 && NODE_COMPILE_CACHE=/app/compiled setpriv --reuid=node --regid=node --clear-groups node server/dist/mayfly.js --help > /dev/null \
 && chown -R root:root compiled && chmod -R a+rX compiled && rm -rf /tmp/data

# Memory of images goes back to the system when it is free, and young objects are collected early: docs/performance.md.
ENV MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/compiled \
    MAYFLY_HOST=0.0.0.0 \
    MAYFLY_DATA_DIR=/data
USER node
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.MAYFLY_PORT || 8080) + path.join(process.env.MAYFLY_PATH_PREFIX || '', '/health')).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["node", "--max-semi-space-size=4", "server/dist/main.js"]
