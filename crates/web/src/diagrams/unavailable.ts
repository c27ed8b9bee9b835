/** Stands in for what may not be part of the client. */
export default class Unavailable {
  constructor() {
    throw new Error("this layout is not part of the client");
  }
}
