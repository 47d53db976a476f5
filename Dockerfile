# docker build -t medoid .                     the server, on the CPU
# docker build -t medoid-gpu --target gpu .    the same with TensorFlow on an NVIDIA GPU, for `medoid train`
#
# Debian 11 builds what both targets run: its C library is old enough for either.

FROM node:22-bullseye AS build
# The CPU library of ONNX Runtime is inside its package; its install script would download one for GPUs.
ENV ONNXRUNTIME_NODE_INSTALL=skip
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

# libtensorflow 2.9 of @tensorflow/tfjs-node-gpu 4.22 asks for CUDA 11.2 and cuDNN 8.1; later 11.x and 8.x have the
# same interface. Run with: docker run --gpus all -v "$PWD:/data" medoid-gpu train --data /data/photos --out /data/model
FROM nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04 AS gpu
ENV NODE_ENV=production ONNXRUNTIME_NODE_INSTALL=skip
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
  && apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates g++ make python3 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --create-home --uid 1000 medoid \
  && mkdir /data && chown medoid /data
WORKDIR /app
COPY --from=build /app ./
RUN npm install --no-save --omit=dev @tensorflow/tfjs-node-gpu@4.22.0
USER medoid
VOLUME /data
WORKDIR /data
ENTRYPOINT ["node", "/app/dist/src/cli.js"]
CMD ["--help"]

# The last target is the one that is built when none is named.
FROM node:22-bullseye-slim AS cpu
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/models ./models
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/cli.js"]
# The gallery is made by `index`: see the README.
CMD ["serve", "--gallery", "/data/gallery", "--host", "0.0.0.0", "--port", "8080"]
