// What the pages use of Preact and htm, in one file.
import { h, render, Fragment, createContext } from 'preact';
import htm from 'htm';
export { useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useReducer, useContext, useErrorBoundary } from 'preact/hooks';
export { h, render, Fragment, createContext };
export const html = htm.bind(h);
