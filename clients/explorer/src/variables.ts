import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  Kind,
  parse,
  typeFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type TypeNode,
} from 'graphql';

/**
 * The variables that an operation cannot do without, as JSON to be filled in: empty text, 0, false, the first of an enum, an empty list,
 * an object with what it requires. Without a schema, null stands for what only the schema tells.
 */
export function requiredVariables(text: string, schema: GraphQLSchema | null | undefined): string {
  const operation = parse(text).definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const required = operation?.variableDefinitions?.filter(({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && !defaultValue) ?? [];
  const values = required.map(({ variable, type }) => [variable.name.value, schema ? emptyValue(inputType(schema, type)) : null]);
  return values.length === 0 ? '' : JSON.stringify(Object.fromEntries(values), null, 2);
}

const inputType = (schema: GraphQLSchema, type: TypeNode) => typeFromAST(schema, type) as GraphQLInputType | undefined;

function emptyValue(type: GraphQLInputType | undefined): unknown {
  if (isNonNullType(type)) return emptyValue(type.ofType);
  if (isListType(type)) return [];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isInputObjectType(type)) {
    // Ends, because a schema in which an object requires itself is not valid.
    return Object.fromEntries(
      Object.values(type.getFields())
        .filter(isRequiredInputField)
        .map((field) => [field.name, emptyValue(field.type)]),
    );
  }

  switch (type?.name) {
    case 'Int':
    case 'Float':
      return 0;
    case 'Boolean':
      return false;
    case 'ID':
    case 'String':
      return '';
    default:
      return null;
  }
}
