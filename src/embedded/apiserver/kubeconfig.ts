/** A kubeconfig for one user of one server, as YAML that kubectl and client libraries read. */
export function kubeconfigFor(server: string, token: string): string {
  const name = 'embedded-not-for-production';
  return `# A throw-away API server in the memory of one process. Not for production.
apiVersion: v1
kind: Config
clusters:
- name: ${name}
  cluster:
    server: ${server}
    # Plain HTTP; some clients refuse it unless told that nothing is verified.
    insecure-skip-tls-verify: true
users:
- name: ${name}
  user:
    token: ${token}
contexts:
- name: ${name}
  context:
    cluster: ${name}
    user: ${name}
current-context: ${name}
`;
}
