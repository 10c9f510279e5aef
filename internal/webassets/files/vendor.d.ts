export { h, render, Fragment, createContext } from 'preact';
export { useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useReducer, useContext, useErrorBoundary } from 'preact/hooks';
export const html: (strings: TemplateStringsArray, ...values: any[]) => any;
