import type { CompleteResponse } from './request.ts';
import type { Refusal } from './status.ts';

/** The real API server truncates warnings to 256 characters when they exceed 4096 in total (endpoints/filters/warning.go). */
const MAX_WARNINGS_LENGTH = 4096;
const MAX_WARNING_LENGTH = 256;

export const NOT_FOR_PRODUCTION =
  'external-endpoints embedded API server: for demos and tests, NOT for production';

export function jsonResponse(status: number, body: string, warnings: readonly string[]): CompleteResponse {
  return { kind: 'complete', status, headers: headersWith('application/json', warnings), body };
}

export function textResponse(status: number, body: string): CompleteResponse {
  return { kind: 'complete', status, headers: headersWith('text/plain; charset=utf-8', []), body };
}

export function refusalResponse(refusal: Refusal, warnings: readonly string[]): CompleteResponse {
  const response = jsonResponse(refusal.code, JSON.stringify(refusal.status), warnings);
  if (refusal.retryAfterSeconds === undefined) return response;
  return { ...response, headers: { ...response.headers, 'Retry-After': String(refusal.retryAfterSeconds) } };
}

/** A header of every response, so that nobody mistakes this server for a real cluster. */
function headersWith(contentType: string, warnings: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    'Content-Type': contentType,
    'Cache-Control': 'no-cache, private',
    Server: NOT_FOR_PRODUCTION,
  };
  if (warnings.length > 0) headers.Warning = warningHeaders(warnings);
  return headers;
}

function warningHeaders(warnings: readonly string[]): string[] {
  const reported = [...new Set(warnings)];
  const length = reported.reduce((sum, text) => sum + text.length, 0);
  const texts =
    length > MAX_WARNINGS_LENGTH ? reported.map((text) => text.slice(0, MAX_WARNING_LENGTH)) : reported;
  return texts.map((text) => `299 - "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
}
