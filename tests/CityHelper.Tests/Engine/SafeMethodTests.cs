using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Transport;
using CityHelper.Engine.Transport.Http;
using GraphQL.Types;
using GraphQLParser;
using GraphQLParser.AST;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Methods that only read run no mutations.</summary>
public sealed class SafeMethodTests
{
    [Theory]
    [InlineData("GET", "{ a }", true)]
    [InlineData("HEAD", "query { a }", true)]
    [InlineData("POST", "query { a }", true)]
    [InlineData("POST", "mutation { a }", true)]
    [InlineData("POST", "subscription { a }", true)]
    [InlineData("GET", "mutation { a }", false)]
    [InlineData("HEAD", "mutation { a }", false)]
    [InlineData("GET", "subscription { a }", true)]
    public void Mutations_are_not_run_for_methods_that_only_read(string method, string text, bool allowed)
    {
        GraphQLDocument document = Parser.Parse(text);
        var operation = new Operation(
            "id", text.Length, document, (GraphQLOperationDefinition)document.Definitions[0], new ObjectGraphType(), []);
        Assert.Equal(allowed, Pipeline.CheckKind(mayWrite: !SafeMethods.Includes(method), new Authorisation(operation, [])) is null);
    }
}
