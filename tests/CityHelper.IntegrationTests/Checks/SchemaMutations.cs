using GraphQLParser;
using GraphQLParser.AST;
using GraphQLParser.Visitors;

namespace CityHelper.IntegrationTests.Checks;

/// <summary>Changes a schema at random; the same seed makes the same changes.</summary>
internal sealed class SchemaMutations(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>A copy of a schema with a few changes.</summary>
    public string Change(string sdl)
    {
        GraphQLDocument document = Parser.Parse(sdl);
        for (int i = _random.Next(1, 5); i > 0; i--)
        {
            // A change that does not apply here is retried elsewhere.
            while (!TryChange(document, i))
            {
            }
        }

        return new SDLPrinter().Print(document);
    }

    private bool TryChange(GraphQLDocument document, int number)
    {
        string name = $"new{number}";
        return _random.Next(16) switch
        {
            0 => TryRemove(FieldsOf(document).Items),
            1 => Try(() => FieldsOf(document).Items.Add(new GraphQLFieldDefinition(Name(name), Named("Int")))),
            2 or 3 => Try(() =>
                Retype(Pick(FieldsOf(document).Items), f => f.Type, (f, type) => f.Type = type, ["Int", "City", "Agency", "Thing"])),
            4 => TryRemove(ArgumentsOf(document)),
            5 => Try(() => ArgumentsOf(document).Add(Argument(name))),
            6 or 7 => Try(() => RetypeInput(Pick(ArgumentsOf(document)))),
            8 => TryChangeDefault(
                _random.Next(2) == 0 ? Pick(ArgumentsOf(document)) : Pick(Pick<GraphQLInputObjectTypeDefinition>(document).Fields!.Items)),
            9 => TryRemove(Pick<GraphQLInputObjectTypeDefinition>(document).Fields!.Items),
            10 => Try(() => Pick<GraphQLInputObjectTypeDefinition>(document).Fields!.Items.Add(InputField(name))),
            11 => Try(() => RetypeInput(Pick(Pick<GraphQLInputObjectTypeDefinition>(document).Fields!.Items))),
            12 => TryChangeEnum(Pick<GraphQLEnumTypeDefinition>(document).Values!.Items, name),
            13 => TryChangeInterfaces(Pick<GraphQLObjectTypeDefinition>(document)),
            14 => TryChangeOddities(document),
            _ => TryChangeDirective(Pick<GraphQLDirectiveDefinition>(document), name),
        };
    }

    private bool TryChangeEnum(List<GraphQLEnumValueDefinition> values, string name) => _random.Next(2) == 0
        ? TryRemove(values)
        : Try(() => values.Add(new GraphQLEnumValueDefinition(Name(name), new GraphQLEnumValue(Name(name)))));

    private static bool TryChangeInterfaces(GraphQLObjectTypeDefinition type) => Try(() =>
    {
        GraphQLNamedType node = Named("Node");
        type.Interfaces = type.Interfaces is null ? new GraphQLImplementsInterfaces([node]) : null;
    });

    // The definitions that only this test adds to the server's schema.
    private bool TryChangeOddities(GraphQLDocument document)
    {
        ASTNode? odd = document.Definitions.Find(d => d is GraphQLTypeDefinition { Name.Value: var name } && name == "Odd");
        switch (_random.Next(5))
        {
            case 0 when odd is not null:
                return document.Definitions.Remove(odd);
            case 4:
                return document.Definitions.RemoveAll(d => d is GraphQLDirectiveDefinition { Name.Value: var name } && name == "odd") > 0;
            case 1 when odd is GraphQLScalarTypeDefinition:
                document.Definitions[document.Definitions.IndexOf(odd)] = Parser.Parse("enum Odd { ONE }").Definitions[0];
                return true;
            case 2:
                return TryRemove(Pick<GraphQLUnionTypeDefinition>(document).Types!.Items);
            default:
                List<GraphQLNamedType> members = Pick<GraphQLUnionTypeDefinition>(document).Types!.Items;
                return !members.Exists(m => m.Name.Value == "Boundary") && Try(() => members.Add(Named("Boundary")));
        }
    }

    private bool TryChangeDirective(GraphQLDirectiveDefinition directive, string name)
    {
        switch (_random.Next(6))
        {
            case 0:
                directive.Repeatable = !directive.Repeatable;
                return true;
            case 1:
                return TryRemove(directive.Locations.Items);
            case 2 when !directive.Locations.Items.Contains(DirectiveLocation.Query):
                directive.Locations.Items.Add(DirectiveLocation.Query);
                return true;
            case 3:
                return TryRemove(directive.Arguments!.Items);
            case 4:
                directive.Arguments!.Items.Add(Argument(name));
                return true;
            default:
                return false;
        }
    }

    private bool TryChangeDefault(GraphQLInputValueDefinition input)
    {
        // Only where any number is valid, so that both libraries agree on the default.
        bool isInt = input.Type is GraphQLNamedType { Name.Value: var type } && type == "Int";
        return isInt && Try(() => input.DefaultValue = _random.Next(3) == 0 ? null : new GraphQLIntValue(_random.Next(5)));
    }

    private void RetypeInput(GraphQLInputValueDefinition input)
    {
        input.DefaultValue = null;
        Retype(input, i => i.Type, (i, type) => i.Type = type, ["Int", "String", "ID"]);
    }

    private void Retype<T>(T node, Func<T, GraphQLType> get, Action<T, GraphQLType> set, string[] others) =>
        set(
            node,
            (get(node), _random.Next(4)) switch
            {
                (GraphQLNonNullType type, 0 or 1) => type.Type,
                (GraphQLListType list, 0) => list.Type,
                (GraphQLNonNullType { Type: GraphQLListType { Type: GraphQLNonNullType item } }, 2) => new GraphQLNonNullType(
                    new GraphQLListType(item.Type)),
                (GraphQLNonNullType type, _) => new GraphQLNonNullType(new GraphQLListType(type)),
                (GraphQLListType { Type: not GraphQLNonNullType } list, 1) => new GraphQLListType(new GraphQLNonNullType(list.Type)),
                (var type, 1 or 2) => new GraphQLNonNullType(type),
                (var type, 3) => new GraphQLListType(type),
                _ => Named(others[_random.Next(others.Length)]),
            }
        );

    private GraphQLArgumentDefinition Argument(string name) => new(Name(name), RandomInt()) { DefaultValue = RandomDefault() };

    private GraphQLInputFieldDefinition InputField(string name) => new(Name(name), RandomInt()) { DefaultValue = RandomDefault() };

    private GraphQLType RandomInt() => _random.Next(2) == 0 ? Named("Int") : new GraphQLNonNullType(Named("Int"));

    private GraphQLIntValue? RandomDefault() => _random.Next(3) == 0 ? new GraphQLIntValue(7) : null;

    private GraphQLFieldsDefinition FieldsOf(GraphQLDocument document) => _random.Next(4) == 0
        ? Pick<GraphQLInterfaceTypeDefinition>(document).Fields!
        : Pick<GraphQLObjectTypeDefinition>(document).Fields!;

    private List<GraphQLInputValueDefinition> ArgumentsOf(GraphQLDocument document) =>
        Pick([
            .. document
                .Definitions.OfType<GraphQLObjectTypeDefinition>()
                .SelectMany(t => t.Fields!.Items)
                .Where(f => f.Arguments is not null),
        ]).Arguments!.Items;

    private T Pick<T>(GraphQLDocument document) => Pick([.. document.Definitions.OfType<T>()]);

    private T Pick<T>(List<T> items) => items[_random.Next(items.Count)];

    private bool TryRemove<T>(List<T> items) => items.Count > 1 && Try(() => items.RemoveAt(_random.Next(items.Count)));

    private static bool Try(Action change)
    {
        change();
        return true;
    }

    private static GraphQLName Name(string name) => new(name);

    private static GraphQLNamedType Named(string name) => new(Name(name));
}
