using GraphQLParser.AST;

namespace CityHelper.Checks.Contracts;

/// <summary>Compares two definitions of one type.</summary>
internal static class TypeComparison
{
    public static void Compare(SchemaChanges changes, GraphQLTypeDefinition old, GraphQLTypeDefinition now)
    {
        string name = old.Name.StringValue;
        if (old.Kind != now.Kind)
        {
            changes.Breaking("TYPE_CHANGED_KIND", name, $"changed from {Kind(old)} to {Kind(now)}");
            return;
        }

        switch (old, now)
        {
            case (GraphQLEnumTypeDefinition before, GraphQLEnumTypeDefinition after):
                CompareValues(changes, name, before, after);
                break;
            case (GraphQLUnionTypeDefinition before, GraphQLUnionTypeDefinition after):
                CompareMembers(changes, name, before, after);
                break;
            case (GraphQLInputObjectTypeDefinition before, GraphQLInputObjectTypeDefinition after):
                InputComparison.OfInputType.Compare(changes, name, before.Fields?.Items, after.Fields?.Items);
                break;
            case (IHasFieldsDefinitionNode before, IHasFieldsDefinitionNode after):
                CompareFields(changes, name, before, after);
                CompareInterfaces(changes, name, (IHasInterfacesNode)old, (IHasInterfacesNode)now);
                break;
        }

        AnnotationComparison.Compare(changes, name, old, now);
    }

    private static void CompareValues(SchemaChanges changes, string type, GraphQLEnumTypeDefinition old, GraphQLEnumTypeDefinition now)
    {
        var values = DefinitionPairs.Of(old.Values?.Items, now.Values?.Items);
        foreach (GraphQLEnumValueDefinition value in values.Removed)
        {
            changes.Breaking("VALUE_REMOVED_FROM_ENUM", $"{type}.{value.Name.StringValue}", "was removed");
        }

        foreach (GraphQLEnumValueDefinition value in values.Added)
        {
            changes.Dangerous("VALUE_ADDED_TO_ENUM", $"{type}.{value.Name.StringValue}", "was added");
        }

        foreach ((GraphQLEnumValueDefinition before, GraphQLEnumValueDefinition after) in values.Kept)
        {
            AnnotationComparison.Compare(changes, $"{type}.{before.Name.StringValue}", before, after);
        }
    }

    private static void CompareMembers(SchemaChanges changes, string type, GraphQLUnionTypeDefinition old, GraphQLUnionTypeDefinition now)
    {
        var members = DefinitionPairs.Of(old.Types?.Items, now.Types?.Items);
        foreach (GraphQLNamedType member in members.Removed)
        {
            changes.Breaking("TYPE_REMOVED_FROM_UNION", type, $"lost its member {member.Name.StringValue}");
        }

        foreach (GraphQLNamedType member in members.Added)
        {
            changes.Dangerous("TYPE_ADDED_TO_UNION", type, $"has a new member {member.Name.StringValue}");
        }
    }

    private static void CompareInterfaces(SchemaChanges changes, string type, IHasInterfacesNode old, IHasInterfacesNode now)
    {
        var interfaces = DefinitionPairs.Of(old.Interfaces?.Items, now.Interfaces?.Items);
        foreach (GraphQLNamedType gone in interfaces.Removed)
        {
            changes.Breaking("IMPLEMENTED_INTERFACE_REMOVED", type, $"no longer implements {gone.Name.StringValue}");
        }

        foreach (GraphQLNamedType added in interfaces.Added)
        {
            changes.Dangerous("IMPLEMENTED_INTERFACE_ADDED", type, $"implements {added.Name.StringValue} now");
        }
    }

    private static void CompareFields(SchemaChanges changes, string type, IHasFieldsDefinitionNode old, IHasFieldsDefinitionNode now)
    {
        var fields = DefinitionPairs.Of(old.Fields?.Items, now.Fields?.Items);
        foreach (GraphQLFieldDefinition field in fields.Removed)
        {
            changes.Breaking("FIELD_REMOVED", $"{type}.{field.Name.StringValue}", "was removed");
        }

        foreach (GraphQLFieldDefinition field in fields.Added)
        {
            changes.Safe("FIELD_ADDED", $"{type}.{field.Name.StringValue}", "was added");
        }

        foreach ((GraphQLFieldDefinition before, GraphQLFieldDefinition after) in fields.Kept)
        {
            CompareField(changes, $"{type}.{before.Name.StringValue}", before, after);
        }
    }

    private static void CompareField(SchemaChanges changes, string coordinate, GraphQLFieldDefinition old, GraphQLFieldDefinition now)
    {
        (string before, string after) = (TypeReferences.Text(old.Type), TypeReferences.Text(now.Type));
        if (!TypeReferences.IsSafeForOutput(old.Type, now.Type))
        {
            changes.Breaking("FIELD_CHANGED_KIND", coordinate, $"changed its type from {before} to {after}");
        }
        else if (before != after)
        {
            changes.Safe("FIELD_CHANGED_SAFELY", coordinate, $"changed its type from {before} to {after}");
        }

        InputComparison.OfField.Compare(changes, coordinate, old.Arguments?.Items, now.Arguments?.Items);
        AnnotationComparison.Compare(changes, coordinate, old, now);
    }

    private static string Kind(GraphQLTypeDefinition type) => type switch
    {
        GraphQLScalarTypeDefinition => "a scalar",
        GraphQLObjectTypeDefinition => "an object type",
        GraphQLInterfaceTypeDefinition => "an interface",
        GraphQLUnionTypeDefinition => "a union",
        GraphQLEnumTypeDefinition => "an enum",
        GraphQLInputObjectTypeDefinition => "an input type",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type.Kind, "Not a type."),
    };
}
