// Tells the linter what the extensions of background.yaml hold, so that it
// checks them like the rest: x-background-result is a Responses Object, x-shapes
// a list of schemas.
module.exports = () => ({
  id: 'background',
  typeExtension: {
    oas3(types) {
      return {
        ...types,
        Operation: {
          ...types.Operation,
          properties: { ...types.Operation.properties, 'x-background-result': 'Responses' },
        },
        Schema: {
          ...types.Schema,
          properties: { ...types.Schema.properties, 'x-shapes': 'ErrorShapes' },
        },
        ErrorShapes: { properties: {}, items: 'Schema' },
      };
    },
  },
});
