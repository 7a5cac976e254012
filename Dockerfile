# syntax=docker/dockerfile:1

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
# Without install scripts: they would fetch a Node.js of their own, and the image has one.
RUN npm ci --ignore-scripts
COPY LICENSE ./
COPY scripts scripts
COPY src src
RUN node scripts/build.ts

FROM gcr.io/distroless/nodejs24-debian12:nonroot
WORKDIR /app
# package.json says that the bundle is an ES module.
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/dist/external-endpoints.js /src/dist/external-endpoints.js.LEGAL.txt ./
USER nonroot
EXPOSE 8080
ENTRYPOINT ["/nodejs/bin/node", "/app/external-endpoints.js"]
