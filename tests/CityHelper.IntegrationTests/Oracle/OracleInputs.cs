using System.Globalization;
using System.Text.Json.Nodes;
using GraphQLParser.AST;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>Values of a document as JSON: literals read, variables inserted, absent values left out (spec 6.4.1, 3.10).</summary>
internal sealed class OracleInputs
{
    private readonly Dictionary<string, JsonNode?> _variables = [];

    public OracleInputs(GraphQLOperationDefinition operation, JsonObject given)
    {
        foreach (GraphQLVariableDefinition definition in operation.Variables?.Items ?? [])
        {
            string name = definition.Variable.Name.StringValue;
            if (given.TryGetPropertyValue(name, out JsonNode? value))
            {
                _variables.Add(name, value);
            }
            else if (definition.DefaultValue is { } byDefault)
            {
                _variables.Add(name, Read(byDefault));
            }
        }
    }

    /// <summary>The arguments that are present, including nulls.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Arguments(GraphQLField field)
    {
        Dictionary<string, JsonNode?> arguments = [];
        foreach (GraphQLArgument argument in field.Arguments?.Items ?? [])
        {
            if (!IsAbsent(argument.Value))
            {
                arguments.Add(argument.Name.StringValue, Read(argument.Value));
            }
        }

        return arguments;
    }

    /// <summary>Whether <c>@skip</c> and <c>@include</c> leave a selection in.</summary>
    public bool Includes(IHasDirectivesNode selection) => (selection.Directives?.Items ?? []).All(directive =>
    {
        bool condition = Read(directive.Arguments!.Items.Single().Value)!.GetValue<bool>();
        return directive.Name.StringValue switch
        {
            "skip" => !condition,
            "include" => condition,
            string other => throw new ArgumentException($"The oracle knows no directive @{other}."),
        };
    });

    private bool IsAbsent(GraphQLValue value) => value is GraphQLVariable variable && !_variables.ContainsKey(variable.Name.StringValue);

    private JsonNode? Read(GraphQLValue value) => value switch
    {
        GraphQLVariable variable => _variables.GetValueOrDefault(variable.Name.StringValue)?.DeepClone(),
        GraphQLNullValue => null,
        GraphQLBooleanValue flag => JsonValue.Create(flag.BoolValue),
        GraphQLIntValue number => JsonValue.Create(int.Parse(number.Value.Span, CultureInfo.InvariantCulture)),
        GraphQLFloatValue number => JsonValue.Create(double.Parse(number.Value.Span, CultureInfo.InvariantCulture)),
        GraphQLStringValue text => JsonValue.Create(text.Value.ToString()),
        GraphQLEnumValue name => JsonValue.Create(name.Name.StringValue),

        // An absent variable is a null in a list, and an absent member in an object.
        GraphQLListValue list => new JsonArray([.. (list.Values ?? []).Select(Read)]),
        GraphQLObjectValue members => new JsonObject((members.Fields ?? [])
            .Where(f => !IsAbsent(f.Value))
            .Select(f => KeyValuePair.Create(f.Name.StringValue, Read(f.Value)))),
        _ => throw new ArgumentException($"The oracle cannot read a {value.Kind}."),
    };
}
