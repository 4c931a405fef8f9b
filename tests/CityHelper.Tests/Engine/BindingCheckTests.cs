using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>A server does not start with fields that nothing can read, or with indexes that no plan can use.</summary>
public sealed class BindingCheckTests : IDisposable
{
    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    public void Dispose() => _services.Dispose();

    [Fact]
    public void The_schema_passes() => BindingCheck.Verify(Schema());

    [Fact]
    public void A_field_without_a_binding_is_named()
    {
        ISchema schema = Schema();
        schema.Query.Fields.Find("city")!.Metadata.Clear();
        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => BindingCheck.Verify(schema));
        Assert.Equal("Fields that no plan can read, declare them through EntityType or QueryFields: Query.city.", refusal.Message);
    }

    [Theory]
    [InlineData("title")]
    [InlineData("created_at")]
    [InlineData("cell_12")]
    public void A_value_index_on_another_column_than_an_enum_or_a_foreign_key_is_named(string column)
    {
        ISchema schema = Schema();
        FieldType field = schema.Query.Fields.Find("serviceRequests")!;
        var binding = (ConnectionBinding)FieldBinding.Of(field)!;
        RowAccess access = binding.Rows.Access with { Values = [.. binding.Rows.Access.Values, new ValueIndex(column, [])] };
        (binding with { Rows = binding.Rows with { Access = access } }).AttachTo(field);
        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => BindingCheck.Verify(schema));
        Assert.Contains($"not for service_request.{column}: order by it", refusal.Message, StringComparison.Ordinal);
    }

    private ISchema Schema()
    {
        var schema = _services.GetRequiredService<ISchema>();
        schema.Initialize();
        return schema;
    }
}
