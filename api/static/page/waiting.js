/** What the page said to be done and the server does not know yet, as it can be taken back for a while. */

/**
 * @typedef {object} Waiting
 * @property {() => number} count
 * @property {() => Promise<boolean>} carryOut Now; whether nothing failed, which has been said.
 * @property {() => void} forget It is not carried out.
 */

/** @type {Set<Waiting>} */
const places = new Set();

/** @param {Waiting} place */
export const registerWaiting = (place) => void places.add(place);

/** How many changes wait. */
export const waitingCount = () => [...places].reduce((sum, place) => sum + place.count(), 0);

/** Before the session ends: afterwards nobody may do it. @returns {Promise<boolean>} Whether all is done. */
export const carryOutWaiting = async () =>
  (await Promise.all([...places].map((place) => place.carryOut()))).every(Boolean);

/** What one person did is not carried out in the name of another. */
export const forgetWaiting = () => places.forEach((place) => place.forget());
