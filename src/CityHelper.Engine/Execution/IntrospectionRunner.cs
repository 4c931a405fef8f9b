using System.Text;
using System.Text.Json;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.SystemTextJson;
using GraphQL.Types;
using GraphQL.Validation;
using GraphQLParser.AST;

namespace CityHelper.Engine.Execution;

/// <summary>Lets GraphQL.NET answer <c>__schema</c> and <c>__type</c>; they have no SQL plan.</summary>
internal sealed class IntrospectionRunner(ISchema schema)
{
    private readonly DocumentExecuter _executer = new();
    private readonly GraphQLSerializer _serializer = new();

    /// <summary>Runs the meta fields of an operation alone.</summary>
    /// <exception cref="ResponseRefusedException">There is no memory for the response.</exception>
    public async Task<MetaAnswer> RunAsync(
        Operation operation,
        IReadOnlyList<GraphQLField> fields,
        VariableValues variables,
        MemoryLease memory,
        CancellationToken cancellation)
    {
        // Meta fields take strings and booleans only. Other variables belong to other fields, and the engine coerces them by its own rules.
        GraphQLVariableDefinition[] definitions = [.. (operation.Definition.Variables?.Items ?? []).Where(v => IsNameOrFlag(v.Type))];
        ExecutionResult result = await _executer.ExecuteAsync(new ExecutionOptions
        {
            Schema = schema,
            Document = Document(operation, fields, definitions),
            Variables = new Inputs(definitions
                .Select(v => v.Variable.Name.StringValue)
                .Where(name => variables[name] != InputCoercion.Absent)
                .ToDictionary(name => name, name => variables[name])),

            // The whole document was validated. The part that is executed here may leave fragments and variables unused.
            ValidationRules = Enumerable.Empty<IValidationRule>(),
            CancellationToken = cancellation,
        });
        if (result.Errors is { Count: > 0 } errors)
        {
            return MetaAnswer.None with { Error = EngineErrors.ToRequestError(errors[0]) };
        }

        using var stream = new MemoryStream();
        await _serializer.WriteAsync(stream, result, cancellation);

        // Held until the lease ends, in addition to the copy in the response.
        memory.Take((int)stream.Length);
        using JsonDocument json = JsonDocument.Parse(stream.GetBuffer().AsMemory(0, (int)stream.Length));
        return new MetaAnswer(
            json.RootElement.GetProperty("data").EnumerateObject()
                .ToDictionary(member => member.Name, member => Encoding.UTF8.GetBytes(member.Value.GetRawText())),
            null);
    }

    private static bool IsNameOrFlag(GraphQLType type) => type switch
    {
        GraphQLNonNullType nonNull => IsNameOrFlag(nonNull.Type),
        GraphQLNamedType named => named.Name.Value == "String" || named.Name.Value == "Boolean",
        _ => false,
    };

    private static GraphQLDocument Document(
        Operation operation, IReadOnlyList<GraphQLField> fields, IReadOnlyCollection<GraphQLVariableDefinition> variables)
    {
        var definition = new GraphQLOperationDefinition(new GraphQLSelectionSet([.. fields]))
        {
            Operation = OperationType.Query,
            Name = operation.Definition.Name,
            Variables = variables.Count == 0 ? null : new GraphQLVariablesDefinition([.. variables]),
        };
        return new GraphQLDocument([definition, .. operation.Fragments.Values]);
    }
}
