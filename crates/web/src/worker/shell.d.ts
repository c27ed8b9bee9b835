/** What a build of the client consists of. */
export interface Shell {
  /** Names the content of all files. */
  build: string;
  /** The addresses of the files that are kept from the beginning. */
  files: string[];
}
