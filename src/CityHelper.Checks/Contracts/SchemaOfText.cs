using CityHelper.Engine;
using CityHelper.Engine.Documents;
using GraphQL;
using GraphQL.Resolvers;
using GraphQL.Types;
using GraphQL.Validation;
using GraphQLParser;
using GraphQLParser.AST;
using GraphQLParser.Exceptions;

namespace CityHelper.Checks.Contracts;

/// <summary>A schema built from SDL: it validates operations and cannot execute them.</summary>
public sealed class SchemaOfText
{
    private readonly ISchema _schema;
    private readonly DocumentValidator _validator = new();

    private SchemaOfText(ISchema schema) => _schema = schema;

    /// <summary>Builds the schema.</summary>
    /// <param name="definitions">The definitions.</param>
    /// <param name="source">The name in messages: the file's name.</param>
    /// <exception cref="InvalidDataException">The definitions contradict each other; the message is GraphQL.NET's.</exception>
    public static SchemaOfText Of(SchemaDefinitions definitions, string source)
    {
        try
        {
            Schema schema = Schema.For(definitions.Text, builder =>
            {
                foreach (GraphQLTypeDefinition type in definitions.Types.Values
                    .Where(t => t is GraphQLInterfaceTypeDefinition or GraphQLUnionTypeDefinition))
                {
                    // Nothing is ever resolved, but GraphQL.NET requires a resolver.
                    builder.Types.For(type.Name.StringValue).ResolveType = _ => null!;
                }
            });
            foreach (GraphQLTypeDefinition type in definitions.Types.Values.Where(t => t is GraphQLScalarTypeDefinition))
            {
                schema.RegisterType(new UnknownScalar(type.Name.StringValue));
            }

            // The same for the streams of subscriptions, whose resolvers are set on the type that GraphQL.NET made.
            foreach (FieldType field in schema.Subscription?.Fields ?? Enumerable.Empty<FieldType>())
            {
                field.StreamResolver = new SourceStreamResolver<object>(NoStream);
            }

            schema.Initialize();
            return new SchemaOfText(schema);
        }
        catch (Exception cause) when (cause is InvalidOperationException or ArgumentException or AggregateException)
        {
            throw new InvalidDataException($"{source} is no schema that could be served: {cause.GetBaseException().Message}", cause);
        }
    }

    /// <summary>Validates the operations of a document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="cancellation">Cancels the validation.</param>
    /// <returns>The messages of all violations, in order; none if the document is valid.</returns>
    public async Task<IReadOnlyList<string>> ValidateAsync(string text, CancellationToken cancellation)
    {
        GraphQLDocument document;
        try
        {
            document = Parser.Parse(text);
        }
        catch (GraphQLSyntaxErrorException cause)
        {
            return [cause.Message.Split('\n', 2)[0].TrimEnd()];
        }

        List<string> messages = [];
        foreach (GraphQLOperationDefinition operation in document.Definitions.OfType<GraphQLOperationDefinition>())
        {
            if (_schema.RootOf(operation.Operation) is null)
            {
                messages.Add($"The schema has no {operation.Operation.ToString().ToLowerInvariant()} operations.");
                continue;
            }

            IValidationResult result = await _validator.ValidateAsync(new ValidationOptions
            {
                Schema = _schema,
                Document = document,
                Operation = operation,
                Rules = DocumentValidator.CoreRules,
                Variables = Inputs.Empty,
                CancellationToken = cancellation,
            });

            // No variables are given, so errors about their values mean nothing.
            messages.AddRange(result.Errors.Where(e => e is not InvalidVariableError).Select(EngineErrors.ToRequestError).Select(Sentence));
        }

        return [.. messages.Distinct()];
    }

    private static IObservable<object?> NoStream(IResolveFieldContext context) => throw new NotSupportedException();

    private static string Sentence(RequestError error) =>
        error.Locations is [var (line, column), ..] ? $"({line},{column}) {error.Message}" : error.Message;

    /// <summary>A scalar whose values cannot be checked here.</summary>
    private sealed class UnknownScalar : ScalarGraphType
    {
        public UnknownScalar(string name) => Name = name;

        public override object? ParseValue(object? value) => value;

        public override object? ParseLiteral(GraphQLValue value) => value;

        public override bool CanParseValue(object? value) => true;

        public override bool CanParseLiteral(GraphQLValue value) => true;
    }
}
